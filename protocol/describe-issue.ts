import type { z } from 'zod'
import { closest } from './closest.ts'
import { isRecord } from './is-record.ts'

/** What was parsed. Left out where it may be secret: then only its kind is told. */
export interface Given {
  value: unknown
}

type Issue = z.core.$ZodIssue
type Sized = Issue & { code: 'too_small' | 'too_big' }

/** `targets.0.node: must be text, not the number 5`: an issue of zod in one line, for people. */
export function describeIssue(issue: Issue, given?: Given): string {
  const path = [...issue.path, ...pathBelow(issue)].map(String).join('.')
  const text = textOf(issue, given)
  return path === '' ? text : `${path}: ${text}`
}

/** All that is wrong, an entry each. */
export function describeIssues({ issues }: { issues: Issue[] }, given?: Given) {
  return issues.map((issue) => describeIssue(issue, given))
}

/** The same without its path. */
export function textOf(issue: Issue, given?: Given): string {
  const found = given && { value: issue.path.reduce(inside, given.value) }
  const nearest = nearestIn(issue)
  if (nearest) return textOf(nearest, found)
  const text = isOurs(issue.message) ? issue.message : wordsFor(issue)
  if (isMissing(issue, found)) return text.startsWith('must ') ? `is missing; it ${text}` : text
  return text.startsWith('must ') ? text + notWhatIs(issue, found) : text
}

/** Said by a schema of ours, not by zod. */
function isOurs(message: string) {
  return !/^(Invalid |Invalid$|Too (big|small): |Unrecognized key)/.test(message)
}

function wordsFor(issue: Issue): string {
  const { code } = issue
  if (code === 'invalid_type') return `must be ${kindOf(issue.expected)}`
  if (code === 'invalid_value') return `must be ${issue.values.length === 1 ? '' : 'one of '}${issue.values.join(', ')}`
  if (code === 'invalid_union') return `must be ${branchesOf(issue)}`
  if (code === 'too_small' || code === 'too_big') return sizeFor(issue)
  return otherWordsFor(issue)
}

function otherWordsFor(issue: Issue) {
  const { code } = issue
  if (code === 'unrecognized_keys') return `has ${issue.keys.join(', ')}, which there is not`
  if (code === 'invalid_key') return `its key ${issue.issues.map((inner) => textOf(inner)).join(' and ')}`
  if (code !== 'invalid_format') return `is not valid (${issue.message})`
  return issue.format === 'regex' ? `must match ${issue.pattern}` : `must be ${formats[issue.format] ?? issue.format}`
}

function sizeFor(issue: Sized) {
  const [count, inclusive, exclusive] =
    issue.code === 'too_small' ? [issue.minimum, 'at least', 'more than'] : [issue.maximum, 'at most', 'less than']
  const verb = ['string', 'array', 'set', 'map', 'file'].includes(issue.origin) ? 'have' : 'be'
  const bound = issue.exact ? 'exactly' : issue.inclusive === false ? exclusive : inclusive
  return `must ${verb} ${bound} ${count}${unitOf(issue.origin, Number(count))}`
}

function unitOf(origin: string, count: number) {
  if (origin === 'string') return count === 1 ? ' character' : ' characters'
  if (origin === 'array') return count === 1 ? ' entry' : ' entries'
  return ''
}

const kinds: Record<string, string> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  tuple: 'a list',
  object: 'an object',
  record: 'an object',
}
const formats: Record<string, string> = {
  hex: 'hexadecimal digits',
  url: 'a URL',
  ipv4: 'an IPv4 address',
  ipv6: 'an IPv6 address',
  uuid: 'a UUID',
  template_literal: 'text such as service[web]',
}

function kindOf(expected: string) {
  return kinds[expected] ?? expected
}

/** By its value where that is known, else by what zod says. */
function isMissing(issue: Issue, found: Given | undefined) {
  if (issue.code !== 'invalid_type' && issue.code !== 'invalid_value' && issue.code !== 'invalid_union') return false
  return found ? found.value === undefined : issue.message.endsWith('received undefined')
}

/** What each of several would take, where none came near. */
function branchesOf({ errors }: Issue & { code: 'invalid_union' }) {
  const wanted = errors.flatMap((branch) => branch.slice(0, 1).map((one) => wordsFor(one).replace('must be ', '')))
  return wanted.length > 0 ? [...new Set(wanted)].join(' or ') : 'of a kind that there is'
}

/** Of an alternative that is right but for this. */
function nearestIn(issue: Issue): Issue | undefined {
  if (issue.code !== 'invalid_union') return undefined
  // Our own sentence about all of them is better, unless just one thing inside is wrong.
  if (isOurs(issue.message))
    return issue.errors.find(([first, ...others]) => first && first.path.length > 0 && others.length === 0)?.[0]
  const isNear = ({ path, code }: Issue) => path.length > 0 || (code !== 'invalid_type' && code !== 'invalid_value')
  return issue.errors.find(([first]) => first && isNear(first))?.[0]
}

function pathBelow(issue: Issue): PropertyKey[] {
  const nearest = nearestIn(issue)
  return nearest ? [...nearest.path, ...pathBelow(nearest)] : []
}

function inside(value: unknown, key: PropertyKey): unknown {
  if (Array.isArray(value)) return value[Number(key)]
  return isRecord(value) ? value[String(key)] : undefined
}

/** `, not the number 420` */
function notWhatIs(issue: Issue, found: Given | undefined) {
  const received = issue.code === 'invalid_type' ? /received (\w+)$/.exec(issue.message)?.[1] : undefined
  if (!found) return received === undefined ? '' : `, not ${kindOf(received)}`
  const { value } = found
  const isSized = issue.code === 'too_small' || issue.code === 'too_big'
  if (isSized && typeof value !== 'number') return ''
  const near = issue.code === 'invalid_value' ? closest(String(value), issue.values.map(String)) : undefined
  return `, not ${shown(value)}${near === undefined ? '' : `. Did you mean ${near}?`}`
}

const longest = 60

function shown(value: unknown) {
  if (typeof value === 'string')
    return value.length > longest ? `a text of ${value.length} characters` : JSON.stringify(value)
  if (typeof value === 'number') return `the number ${value}`
  if (Array.isArray(value)) return 'a list'
  if (isRecord(value)) return 'an object'
  return typeof value === 'function' ? 'a function' : String(value)
}
