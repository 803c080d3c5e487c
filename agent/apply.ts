import { setTimeout as delay } from 'node:timers/promises'
import type { Notification } from '../protocol/catalog.ts'
import type { Change, ResourceEvent } from '../protocol/events.ts'
import type { Host } from '../resources/define.ts'
import { checkGuarded, type Finding } from './check.ts'
import { asError } from './errors.ts'
import type { Journal } from './journal.ts'
import type { Prepared } from './prepare.ts'

/** Between two attempts of a resource with `retries`. */
const retryDelayMs = 1000

export interface Applying {
  host: Host & { limit: (deadline: number | undefined) => void }
  journal: Journal
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

/** Makes the changes, several neighbours in one transaction, and looks once more: what still differs has failed. */
export async function applyAll(differing: Differing[], applying: Applying): Promise<Applied[]> {
  const startedAt = performance.now()
  const owedBefore = applying.journal.owed
  const errors = await attempt(differing, applying)
  applying.host.changed()
  const applied: Applied[] = []
  for (const { one, changes } of differing) {
    const after = await checkGuarded(one, applying.host)
    const durationMs = Math.round((performance.now() - startedAt) / differing.length)
    const event = eventOf(one, changes, errors.get(one.resource.name), after, durationMs)
    crossOut({ one, changes }, event, after, owedBefore, applying.journal)
    applied.push({ one, event })
  }
  return applied
}

// What will be owed is on disk before the change is made. When that cannot be written, nothing is changed.
async function attempt(differing: Differing[], applying: Applying): Promise<Map<string, Error>> {
  try {
    applying.changing()
    applying.journal.owe(differing.flatMap(({ one }) => one.resource.notifies))
  } catch (cause) {
    const error = new Error(`nothing was changed, since the journal cannot be written: ${asError(cause).message}`, {
      cause,
    })
    return new Map(differing.map(({ one }) => [one.resource.name, error]))
  }
  const retries = Math.max(...differing.map(({ one }) => one.resource.retries ?? 0))
  for (let left = retries; ; left--) {
    const errors = await applyOnce(differing, applying)
    if (errors.size === 0 || left <= 0) return errors
    await delay(retryDelayMs)
  }
}

async function applyOnce(differing: Differing[], { host }: Applying): Promise<Map<string, Error>> {
  const [first] = differing
  if (!first) return new Map()
  const { type, resource } = first.one
  const limits = differing.flatMap(({ one }) => one.resource.timeoutMs ?? [])
  host.limit(limits.length === 0 ? undefined : Date.now() + Math.max(...limits))
  try {
    if (differing.length > 1 && type.applyMany) {
      const many = differing.map(({ one, changes }) => ({ name: one.resource.name, want: one.want, changes }))
      return await type.applyMany(many, host)
    }
    await type.apply(resource.name, first.one.want, host, first.changes)
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

/** The event of a resource that failed. Of a sensitive one neither values nor messages are shown. */
export function failure(one: Prepared, changes: Change[], error: Error, durationMs: number): ResourceEvent {
  const { sensitive, recipe } = one.resource
  const shown = sensitive ? changes.map(withheld) : changes
  const message = sensitive ? 'it failed; what it said is withheld, because the resource is sensitive' : error.message
  return { outcome: 'failed', id: one.id, recipe, durationMs, changes: shown, error: message }
}

/** A change of a sensitive resource: that it happened, not what it was. */
export function withheld({ what, from }: Change): Change {
  return { what, from: from === null ? null : '(sensitive)', to: '(sensitive)' }
}

function didNotConverge(left: Change[]) {
  const what = left.map((change) => `${change.what} is ${change.from ?? 'missing'}, wanted ${change.to}`).join('; ')
  return new Error(`did not converge: right after it was applied it differs again: ${what}`)
}

// A start makes restarts asked for before it needless; a failure that changed nothing owes nothing.
function crossOut(
  { one, changes }: Differing,
  event: ResourceEvent,
  after: Finding,
  owedBefore: Notification[],
  journal: Journal,
) {
  if (event.outcome === 'changed') {
    for (const action of one.type.satisfies?.(changes) ?? []) {
      if (owedBefore.some((owed) => owed.target === one.id && owed.action === action)) {
        journal.settle({ action, target: one.id })
      }
    }
  } else if (after.is === 'different' && sameChanges(after.changes, changes)) {
    const before = new Set(owedBefore.map(({ action, target }) => `${action} ${target}`))
    for (const owed of one.resource.notifies) if (!before.has(`${owed.action} ${owed.target}`)) journal.settle(owed)
  }
}

function sameChanges(a: Change[], b: Change[]) {
  return JSON.stringify(a) === JSON.stringify(b)
}
