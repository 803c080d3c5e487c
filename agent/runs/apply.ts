import { setTimeout as delay } from 'node:timers/promises'
import type { Cleanup, Notification, ResourceId } from '../../protocol/catalog.ts'
import type { Change, ResourceEvent } from '../../protocol/events.ts'
import { faultPoint } from '../../resources/fault-points.ts'
import { NotTried } from '../../resources/define.ts'
import type { Host } from '../../resources/host.ts'
import { checkGuarded, type Finding, isAsWanted } from './check.ts'
import { type Journal, keyOf } from '../kept/journal.ts'
import type { Ledger, Made } from '../kept/ledger.ts'
import { unwantedOf } from './unwanted.ts'
import type { Prepared } from './prepare.ts'
import { asError, messageOf } from '../../protocol/errors.ts'

/** Between two attempts of a resource with `retries`, unless it says otherwise. */
export const standardRetryDelayMs = 1000

export interface Applying {
  /** `limit`: no command may go on for longer from now on; undefined lifts it. */
  host: Host & { limit: (timeoutMs: number | undefined) => void }
  journal: Journal
  ledger: Ledger
  /** What the recipe wants done with what it made, once it no longer names it. */
  cleanupOf: (recipe: string) => Cleanup
  /** Called before a change is made, each time. */
  changing: () => void
}

export interface Differing {
  one: Prepared
  changes: Change[]
}

interface Applied {
  one: Prepared
  event: ResourceEvent
}

/** Makes the changes, several neighbours in one transaction, and looks once more: what still differs has failed. Leaves out what was not tried. */
export async function applyAll(differing: Differing[], applying: Applying): Promise<Applied[]> {
  const { host, journal, ledger } = applying
  const startedAt = performance.now()
  const { errors, fresh, makings } = await attempt(differing, applying)
  host.changed()
  const applied: Applied[] = []
  const needed = new Set<string>()
  for (const { one, changes } of differing) {
    if (errors.get(one.resource.name) instanceof NotTried) break
    const after = await checkGuarded(one, host)
    faultPoint('apply.looked')
    const durationMs = Math.round((performance.now() - startedAt) / differing.length)
    const cause = ledger.causeOf(one)
    const event = { ...eventOf(one, changes, errors.get(one.resource.name), after, durationMs), cause }
    const making = makings.get(one.id)
    if (making && isMade(after, changes)) ledger.making(one.id, making)
    noteKept(one, changes, ledger)
    if (event.outcome === 'changed') crossOutSatisfied(one, changes, fresh, journal)
    if (event.outcome === 'changed' || !isAsBefore(after, changes)) {
      for (const notification of one.resource.notifies) needed.add(keyOf(notification))
    }
    applied.push({ one, event })
  }
  // A failure that changed nothing owes nothing.
  for (const notification of fresh) if (!needed.has(keyOf(notification))) journal.settle(notification)
  return applied
}

interface Attempted {
  errors: Map<string, Error>
  /** What was not owed before. */
  fresh: Notification[]
  /** What the ledger is to know, once it is made. */
  makings: Map<ResourceId, Made>
}

// Only what a type can take away again needs to be remembered. Not synced: a power cut forgets at worst that it was we who made it.
async function noteMaking(one: Prepared, changes: Change[], { journal, host, cleanupOf }: Applying) {
  const { id, resource, type, want } = one
  const unwanted = unwantedOf(type, want)
  const ensure = changes.find(({ what }) => what === 'ensure')
  if (ensure?.to === 'absent' || unwanted === undefined) return []
  const { name, recipe } = resource
  // Where it cannot be told that nothing of it is there yet, somebody else may have made it.
  const isNew = ensure ? ensure.from === 'absent' : await isAsWanted(type, name, unwanted, host)
  const how = isNew ? 'made' : 'changed'
  const path = isNew ? undefined : type.paths?.(name, want)[0]
  const found = path === undefined ? undefined : host.files.stat(path)
  const before = found?.kind === 'file' ? { before: { mode: found.mode, uid: found.uid, gid: found.gid } } : {}
  const making: Made = { type: resource.type, name, props: want, how, recipe, cleanup: cleanupOf(recipe), ...before }
  if (resource.sensitive) making.sensitive = true
  journal.making(id, making)
  return [[id, making] as const]
}

function noteKept({ id }: Prepared, changes: Change[], ledger: Ledger) {
  for (const { kept } of changes) if (kept !== undefined) ledger.kept(id, kept)
}

// What will be owed is on disk before the change is made. When that cannot be written, nothing is changed.
async function attempt(differing: Differing[], applying: Applying): Promise<Attempted> {
  let fresh: Notification[]
  let makings: Attempted['makings']
  try {
    applying.changing()
    fresh = applying.journal.owe(differing.flatMap(({ one }) => one.resource.notifies))
    const noted: Awaited<ReturnType<typeof noteMaking>>[] = []
    for (const { one, changes } of differing) noted.push(await noteMaking(one, changes, applying))
    makings = new Map(noted.flat())
    applying.journal.applying(differing.map(({ one, changes }) => toTell(one, changes, applying.ledger)))
    faultPoint('apply.owed')
  } catch (cause) {
    const why = `nothing was changed, since the journal cannot be written: ${messageOf(cause)}`
    const error = new Error(why, { cause })
    return { errors: new Map(differing.map(({ one }) => [one.resource.name, error])), fresh: [], makings: new Map() }
  }
  return { errors: await applyTrying(differing, applying), fresh, makings }
}

// Neighbours that are made together say the same of retries and time.
async function applyTrying(differing: Differing[], { host }: Applying): Promise<Map<string, Error>> {
  let left = differing
  for (let retries = differing[0]?.one.resource.retries ?? 0; ; retries--) {
    const errors = await applyOnce(left, host)
    if (left !== differing) carryKept(left, differing)
    if (errors.size === 0 || retries <= 0) return errors
    faultPoint('apply.retrying')
    await delay(differing[0]?.one.resource.retryDelayMs ?? standardRetryDelayMs)
    host.changed()
    const failed = left.filter(({ one }) => errors.has(one.resource.name))
    left = (await Promise.all(failed.map((one) => lookAgain(one, host)))).flat()
  }
}

/** What a later attempt has kept is told of by the changes that were found first. */
function carryKept(later: Differing[], first: Differing[]) {
  for (const { one, changes } of later) {
    const known = first.find((other) => other.one === one)?.changes ?? []
    for (const { what, kept } of changes) {
      const change = known.find((other) => other.what === what)
      if (change && kept !== undefined) change.kept = kept
    }
  }
}

// An attempt that failed may have done a part, or all: the next one makes what is left.
async function lookAgain({ one, changes }: Differing, host: Host): Promise<Differing[]> {
  const finding = await checkGuarded(one, host)
  if (finding.is === 'as-wanted') return []
  return [{ one, changes: finding.is === 'different' ? finding.changes : changes }]
}

async function applyOnce(differing: Differing[], host: Applying['host']): Promise<Map<string, Error>> {
  const [first] = differing
  if (!first) return new Map()
  const { type, resource } = first.one
  host.limit(resource.timeoutMs)
  try {
    if (differing.length > 1 && type.applyMany) {
      const many = differing.map(({ one, changes }) => ({ name: one.resource.name, want: one.want, changes }))
      const errors = await type.applyMany(many, host)
      faultPoint('apply.made')
      return errors
    }
    await type.apply(resource.name, first.one.want, host, first.changes)
    faultPoint('apply.made')
    return new Map()
  } catch (error) {
    return new Map(differing.map(({ one }) => [one.resource.name, asError(error)]))
  } finally {
    host.limit(undefined)
  }
}

function eventOf(one: Prepared, changes: Change[], error: Error | undefined, after: Finding, durationMs: number) {
  if (error) return failure(one, changes, error, durationMs)
  if (after.is === 'unreadable') return failure(one, changes, after.error, durationMs)
  if (after.is === 'different') return failure(one, changes, didNotConverge(after.changes), durationMs)
  const shown = one.resource.sensitive ? changes.map(withheld) : changes
  return { outcome: 'changed', id: one.id, recipe: one.resource.recipe, durationMs, changes: shown } as const
}

/** What will be told once it is made. Its diff would only make the journal long. */
function toTell(one: Prepared, changes: Change[], ledger: Ledger): ResourceEvent {
  const { recipe, sensitive } = one.resource
  const shown = sensitive ? changes.map(withheld) : changes.map(({ what, from, to }) => ({ what, from, to }))
  return { outcome: 'changed', id: one.id, recipe, durationMs: 0, changes: shown, cause: ledger.causeOf(one) }
}

/** Stands for what a sensitive resource said when it failed. */
export const withheldError = 'it failed; what it said is withheld, because the resource is sensitive'

/** The event of a resource that failed. Of a sensitive one neither values nor messages are shown. */
export function failure(one: Prepared, changes: Change[], error: Error, durationMs: number) {
  const { sensitive, recipe } = one.resource
  const shown = sensitive ? changes.map(withheld) : changes
  const message = sensitive ? withheldError : error.message
  const event = { outcome: 'failed', id: one.id, recipe, durationMs, changes: shown, error: message } as const
  return one.resource.ignoreFailure ? { ...event, ignored: true as const } : event
}

/** Why what its action makes is not made at its turn. */
export function atTheEnd({ id }: Prepared, action: string) {
  return `it is done at the end of the run: ${action} ${id}`
}

/** A change of a sensitive resource: that it happened, not what it was. */
export function withheld({ what, from }: Change): Change {
  return { what, from: from === null ? null : '(sensitive)', to: '(sensitive)' }
}

function didNotConverge(left: Change[]) {
  const what = left.map((change) => `${change.what} is ${change.from ?? 'missing'}, wanted ${change.to}`).join('; ')
  return new Error(`did not converge: right after it was applied it differs again: ${what}`)
}

// A start makes restarts asked for before it needless.
function crossOutSatisfied(one: Prepared, changes: Change[], fresh: Notification[], journal: Journal) {
  for (const action of one.type.satisfies?.(changes) ?? []) {
    const owed = { action, target: one.id }
    if (!fresh.some((later) => keyOf(later) === keyOf(owed))) journal.settle(owed)
  }
}

// A failure may have made it all the same, or a part of it. What is not there was not made, and is not to be removed one day.
function isMade(after: Finding, changes: Change[]) {
  if (after.is !== 'different') return after.is === 'as-wanted'
  return !isAsBefore(after, changes) && !after.changes.some(({ what, from }) => what === 'ensure' && from === 'absent')
}

/** Nothing has come of trying to make the changes. */
export function isAsBefore(after: Finding, changes: Change[]) {
  return (
    after.is === 'different' &&
    JSON.stringify(after.changes.map(withoutKept)) === JSON.stringify(changes.map(withoutKept))
  )
}

// That the old bytes were kept by then is no change.
function withoutKept({ what, from, to, diff }: Change) {
  return { what, from, to, diff }
}
