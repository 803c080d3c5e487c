import { suggest } from 'trivet/recipe'
import { z } from 'zod'

/** What a flag takes. A `toggle` of Marathon is `--x` or `--disable_x`; a `flag` is there or not. */
type Kind =
  | 'text'
  | 'boolean'
  | 'toggle'
  | 'flag'
  | 'whole'
  | 'number'
  | 'numbers'
  | 'port'
  | 'duration'
  | 'bytes'
  | 'json'
  | 'path'
  | 'uri'
  | 'zk'
  | 'one of'

interface Flag {
  type: Kind
  values?: string[]
  /** Its name of before, which is taken too, but not both. */
  old?: string
  /** The first and last minor versions that have it; left out, all of the table. */
  since?: string
  until?: string
}
export type Flags = Record<string, Kind | Flag>

/** What a person sets: by the flag's name. */
export const FlagValues = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
export type FlagValues = z.infer<typeof FlagValues>

/** A daemon in one version, and the flags that it knows. */
export interface Vocabulary {
  program: string
  version: string
  flags: Flags
}

interface Given {
  /** The attribute that holds them: `mesos-master.flags`. */
  attribute: string
  flags: FlagValues
  /** What the recipe sets unless the attribute says otherwise. */
  standard: FlagValues
  /** What the recipe or a file in /etc/default sets by itself, and what to set instead: twice is an error of the daemon. */
  taken: Record<string, string>
}

/** All flags of the daemon as text. What is wrong with them is told all at once by `refuse`. */
export function flagsFor(vocabulary: Vocabulary, given: Given, refuse: (why: string) => never) {
  const { attribute, flags, standard, taken } = given
  const errors = Object.entries(flags).flatMap(([name, value]) => {
    const why = wrongName(name, vocabulary, flags) ?? twice(name, taken) ?? wrongValue(name, value, vocabulary)
    return why === undefined ? [] : [`${attribute}.${name}: ${why}`]
  })
  if (errors.length > 0) refuse(errors.join('\n'))
  const newNames = Object.entries(flags).map(([name, value]) => [newName(name, vocabulary), value] as const)
  const known = Object.entries(standard).filter(([name]) => has(name, vocabulary))
  return Object.fromEntries([...known, ...newNames].map(([name, value]) => [name, String(value)]))
}

export function flagOf(name: string, { flags }: Vocabulary): Flag | undefined {
  const found = Object.hasOwn(flags, name) ? flags[name] : undefined
  return typeof found === 'string' ? { type: found } : found
}

function has(name: string, vocabulary: Vocabulary) {
  const flag = flagOf(name, vocabulary)
  return flag !== undefined && isIn(flag, vocabulary.version)
}

function newName(name: string, { flags }: Vocabulary) {
  if (Object.hasOwn(flags, name)) return name
  return Object.keys(flags).find((other) => oldNameOf(other, flags) === name) ?? name
}

function oldNameOf(name: string, flags: Flags) {
  const flag = flags[name]
  return typeof flag === 'object' ? flag.old : undefined
}

function wrongName(name: string, vocabulary: Vocabulary, given: FlagValues) {
  const { program, version } = vocabulary
  const now = newName(name, vocabulary)
  const flag = flagOf(now, vocabulary)
  if (!flag || !isIn(flag, version))
    return `${program} ${version} has no such flag, and would not start. ${near(name, vocabulary)}`
  if (now !== name && Object.hasOwn(given, now))
    return `is the old name of ${now}, which is set too, and ${program} takes only one of them`
  return undefined
}

/** All that there are would be a page. */
function near(name: string, vocabulary: Vocabulary) {
  const hint = suggest(
    name,
    Object.keys(vocabulary.flags).filter((known) => has(known, vocabulary)),
  )
  return hint.startsWith('Did you mean') ? hint : 'Nothing that it has comes near.'
}

function isIn({ since, until }: Flag, version: string) {
  const minor = minorOf(version)
  return (since === undefined || minor >= minorOf(since)) && (until === undefined || minor <= minorOf(until))
}

/** Of 0.7.3 and 1.11.0: 7 and 1011, so that they compare. */
export function minorOf(version: string) {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major * 1000 + minor
}

function twice(name: string, taken: Record<string, string>) {
  return Object.hasOwn(taken, name) ? `is set by the recipe: ${taken[name]}` : undefined
}

function wrongValue(name: string, value: string | number | boolean, vocabulary: Vocabulary) {
  const flag = flagOf(newName(name, vocabulary), vocabulary)
  if (!flag) return undefined
  const text = String(value)
  if (/[\n\r\0]/.test(text)) return 'must be one line'
  if (/^file:\/\/\/\S/.test(text) && vocabulary.program !== 'marathon') return undefined
  const why = flag.type === 'one of' ? wrongChoice(text, flag.values ?? []) : kinds[flag.type](text)
  return why === undefined ? undefined : `${why}, not ${JSON.stringify(value)} (its type is ${flag.type})`
}

function wrongChoice(text: string, values: string[]) {
  return values.includes(text) ? undefined : `must be one of ${values.join(', ')}`
}

const matches = (pattern: RegExp, why: string) => (text: string) => (pattern.test(text) ? undefined : why)
const isBoolean = matches(/^(true|false)$/, 'must be true or false')

const kinds: Record<Exclude<Kind, 'one of'>, (text: string) => string | undefined> = {
  text: matches(/\S/, 'must not be empty: leave it out'),
  boolean: isBoolean,
  toggle: isBoolean,
  flag: matches(/^true$/, 'must be true, or left out'),
  whole: matches(/^-?\d+$/, 'must be a whole number'),
  number: matches(/^-?\d+(\.\d+)?$/, 'must be a number'),
  numbers: matches(/^\d+(,\d+)*$/, 'must be whole numbers with commas between them'),
  port: (text) => (/^\d+$/.test(text) && Number(text) <= 65_535 ? undefined : 'must be a port, from 0 to 65535'),
  duration: matches(
    /^\d+(\.\d+)?(ns|us|ms|secs|mins|hrs|days|weeks)$/,
    'must be a number and one of ns, us, ms, secs, mins, hrs, days and weeks, such as 5mins',
  ),
  bytes: matches(/^\d+(B|KB|MB|GB|TB)$/, 'must be a number and one of B, KB, MB, GB and TB, such as 64MB'),
  json: (text) => (isJson(text) || text.startsWith('/') ? undefined : 'must be JSON, or the path of a file with JSON'),
  path: matches(/^(file:\/\/)?\/\S/, 'must be an absolute path'),
  uri: matches(/^[a-z][a-z0-9+.-]*:\/\/\S+$/, 'must be a URI'),
  zk: matches(/^zk:\/\/[^/\s]+\/\S+$/, 'must be such as zk://10.0.0.1:2181,10.0.0.2:2181/marathon'),
}

function isJson(text: string) {
  try {
    return typeof JSON.parse(text) === 'object'
  } catch {
    // That it throws is the answer.
    return false
  }
}
