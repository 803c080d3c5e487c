import { readFileSync } from 'node:fs'
import known from './flags.json' with { type: 'json' }

export interface Spec {
  type: string
  default?: string | number | boolean
  required?: boolean
  /** Its name of former times. */
  alias?: string
  /** Only builds with this have it. */
  onlyIf?: string
}

/** Flags by name: the text that was given, or its default; none without either. */
export type Flags = Record<string, string>

/** What main prints before it exits with 1. */
export class FlagError extends Error {
  override name = 'FlagError'
}

/** The packages were built with TLS, and without the isolators of networks, disks and system calls. */
const builtWith = ['USE_SSL_SOCKET']

export function specsOf(program: 'mesos-master' | 'mesos-slave'): Record<string, Spec> {
  const specs: Record<string, Spec> = known[program]
  return Object.fromEntries(
    Object.entries(specs).filter(([, { onlyIf }]) => onlyIf === undefined || builtWith.includes(onlyIf)),
  )
}

/** As stout's FlagsBase does it: the command line wins over MESOS_*, each is checked by its type, and unknown or second ones are refused. */
export function parseMesosFlags(
  specs: Record<string, Spec>,
  argv: string[],
  env: Record<string, string | undefined> = {},
): Flags {
  const given: Flags = {}
  for (const one of optionsOf(argv)) {
    const [name, value] = readOption(specs, one)
    if (name in given) throw new FlagError(`Flag '${name}' is already loaded via name '${name}'`)
    given[name] = value
  }
  for (const [variable, value = ''] of Object.entries(env)) {
    const name = variable.startsWith('MESOS_') ? resolve(specs, variable.slice(6).toLowerCase()) : undefined
    if (name !== undefined && !(name in given)) given[name] = convert(name, specs[name], value)
  }
  const isAsking = given.help === 'true' || given.version === 'true'
  for (const [name, { required }] of Object.entries(specs))
    if (required && !(name in given) && !isAsking)
      throw new FlagError(`Flag '${name}' is required, but it was not provided`)
  return { ...defaultsOf(specs), ...given }
}

/** What of the command line is an option: the rest is passed over in silence. */
function optionsOf(argv: string[]) {
  const end = argv.indexOf('--')
  return (end === -1 ? argv : argv.slice(0, end)).filter((one) => one.startsWith('--')).map((one) => one.slice(2))
}

function readOption(specs: Record<string, Spec>, option: string): [string, string] {
  const at = option.indexOf('=')
  const called = (at === -1 ? option : option.slice(0, at)).toLowerCase()
  const value = at === -1 ? undefined : option.slice(at + 1)
  const isNegated = called.startsWith('no-')
  const bare = isNegated ? called.slice(3) : called
  const name = resolve(specs, bare)
  const via = isNegated ? ` via '${called}'` : ''
  if (name === undefined) throw new FlagError(`Failed to load unknown flag '${bare}'${via}`)
  const isBoolean = specs[name]?.type === 'bool'
  if (isNegated && !isBoolean) throw new FlagError(`Failed to load non-boolean flag '${name}'${via}`)
  if (isNegated && value !== undefined)
    throw new FlagError(`Failed to load boolean flag '${name}'${via} with value '${value}'`)
  if (value === undefined && !isBoolean) throw new FlagError(`Failed to load non-boolean flag '${name}': Missing value`)
  return [name, convert(name, specs[name], value ?? (isNegated ? 'false' : 'true'))]
}

function resolve(specs: Record<string, Spec>, name: string) {
  if (Object.hasOwn(specs, name)) return name
  return Object.keys(specs).find((one) => specs[one]?.alias === name)
}

function defaultsOf(specs: Record<string, Spec>): Flags {
  return Object.fromEntries(
    Object.entries(specs).flatMap(([name, spec]) =>
      spec.default === undefined ? [] : [[name, String(spec.default)] as const],
    ),
  )
}

const units: Record<string, number> = {
  ns: 1e-6,
  us: 1e-3,
  ms: 1,
  secs: 1000,
  mins: 60_000,
  hrs: 3_600_000,
  days: 86_400_000,
  weeks: 604_800_000,
}

/** Milliseconds of `15secs`; none when it is no duration of Mesos. */
export function durationMs(text: string): number | undefined {
  const [, number, unit = ''] = /^(-?\d+(?:\.\d+)?)(ns|us|ms|secs|mins|hrs|days|weeks)$/.exec(text) ?? []
  const factor = units[unit]
  return factor === undefined ? undefined : Number(number) * factor
}

const isInteger = (text: string) => /^-?\d+$/.test(text)
const fits: Record<string, (text: string) => boolean> = {
  bool: (text) => ['true', 'false', '1', '0'].includes(text),
  int: isInteger,
  uint: (text) => /^\d+$/.test(text),
  uint16: (text) => /^\d+$/.test(text) && Number(text) < 65_536,
  double: (text) => text.trim() !== '' && Number.isFinite(Number(text)),
  duration: (text) => durationMs(text) !== undefined,
  bytes: (text) => /^\d+(B|KB|MB|GB|TB)$/.test(text),
  json: (text) => text.startsWith('/') || isJson(text),
  'comma-list-of-uint': (text) => text.split(',').every((one) => /^\d+$/.test(one)),
}

function convert(name: string, spec: Spec | undefined, given: string): string {
  const type = spec?.type ?? 'string'
  const text = type === 'path' ? given : contentOf(name, given)
  if (fits[type]?.(text) === false)
    throw new FlagError(`Failed to load flag '${name}': Failed to load value '${text}': ${complaintOf(type, text)}`)
  if (type === 'bool') return String(text === 'true' || text === '1')
  return text
}

function complaintOf(type: string, text: string) {
  if (type === 'bool') return 'Expecting a boolean (e.g., true or false)'
  if (type === 'duration') return `Failed to parse Duration: Invalid or unknown duration '${text}'`
  if (type === 'bytes') return `Failed to parse Bytes: Invalid or unknown unit in '${text}'`
  return type === 'json' ? 'syntax error in JSON' : `Failed to convert into required type: '${text}' is no ${type}`
}

function contentOf(name: string, given: string) {
  if (!given.startsWith('file://')) return given
  const path = given.slice('file://'.length)
  try {
    return readFileSync(path, 'utf8').trimEnd()
  } catch (error) {
    throw new FlagError(`Failed to load flag '${name}': Error reading file '${path}': ${String(error)}`)
  }
}

function isJson(text: string) {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
