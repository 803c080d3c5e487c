import known from '../shared/flags.json' with { type: 'json' }
import { parseZkUrl } from '../shared/zookeeper.ts'

/** What scallop prints, before Marathon exits with 112. */
export class OptionError extends Error {
  override name = 'OptionError'
}

interface Spec {
  type: string
  default?: string | number | boolean
  required?: boolean
}

const specs: Record<string, Spec> = known.marathon
export type Options = Record<string, string>

/** MARATHON_HTTP_PORT=8081 is `--http_port 8081`, an empty one a bare flag; those of apps are for apps. */
export function argumentsOf(env: Record<string, string | undefined>): string[] {
  return Object.entries(env)
    .filter(([name]) => name.startsWith('MARATHON_') && !name.startsWith('MARATHON_APP_'))
    .flatMap(([name, value = '']) => {
      const flag = `--${name.slice('MARATHON_'.length).toLowerCase()}`
      return value === '' ? [flag] : [flag, value]
    })
}

/** By the rules of scallop: what is unknown, given twice, of a wrong type or missing is refused. */
export function parseOptions(argv: string[]): Options {
  const given: Options = {}
  const rest = [...argv]
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (!word.startsWith('--')) throw new OptionError(`Excess arguments provided: '${[word, ...rest].join(' ')}'`)
    const at = word.indexOf('=')
    const called = word.slice(2, at === -1 ? undefined : at)
    const { name, isOff } = resolve(called)
    const { type } = specs[name] ?? { type: 'string' }
    const value = at === -1 ? undefined : word.slice(at + 1)
    const text = type === 'flag' || type === 'toggle' ? bareOf(name, value, isOff) : (value ?? rest.shift())
    if (text === undefined || (value === undefined && text.startsWith('--')))
      throw new OptionError(
        `Bad arguments for option '${name}': '' - you should provide exactly one argument for this option`,
      )
    if (name in given)
      throw new OptionError(
        `Bad arguments for option '${name}': '${given[name]} ${text}' - you should provide exactly one argument for this option`,
      )
    assertType(name, type, text)
    given[name] = text
  }
  const isAsking = 'help' in given || 'version' in given
  for (const [name, { required }] of Object.entries(specs))
    if (required && !(name in given) && !isAsking) throw new OptionError(`Required option '${name}' not found`)
  return { ...defaultsOf(), ...given }
}

function resolve(called: string) {
  if (Object.hasOwn(specs, called)) return { name: called, isOff: false }
  const name = called.startsWith('disable_') ? called.slice('disable_'.length) : called
  if (specs[name]?.type !== 'toggle' || name === called) throw new OptionError(`Unknown option '${called}'`)
  return { name, isOff: true }
}

function bareOf(name: string, value: string | undefined, isOff: boolean) {
  if (value !== undefined)
    throw new OptionError(
      `Bad arguments for option '${name}': '${value}' - you should not provide arguments for this option`,
    )
  return String(!isOff)
}

function assertType(name: string, type: string, text: string) {
  const refuse = (why: string) => {
    throw new OptionError(`Bad arguments for option '${name}': '${text}' - ${why}`)
  }
  if ((type === 'int' || type === 'long') && !/^-?\d+$/.test(text)) refuse('bad Int value')
  const [, choices] = /^enum\((.*)\)$/.exec(type) ?? []
  if (choices !== undefined && !choices.split('|').includes(text)) refuse(`should be one of ${choices}`)
  if (type === 'zk-url' && !parseZkUrl(text)) refuse('ZooKeeper URL must be zk://host1:port1,host2:port2/path')
  if (type === 'mesos-master-url' && !parseZkUrl(text) && !/^(https?:\/\/)?[^\s:/]+:\d+\/?$/.test(text))
    refuse('must be a zk:// URL or host:port')
}

function defaultsOf(): Options {
  return Object.fromEntries(
    Object.entries(specs).flatMap(([name, spec]) =>
      spec.default === undefined ? [] : [[name, String(spec.default)] as const],
    ),
  )
}
