import type { Change, ResourceEvent } from '../../protocol/events.ts'
import { asError } from '../../protocol/errors.ts'
import { Unforeseeable } from '../../resources/host.ts'
import { atTheEnd, type Differing, failure, isAsBefore, withheld } from './apply.ts'
import { hasGuard, look } from './check.ts'
import type { ForeseenHost } from '../machine/foreseen.ts'
import type { Ledger } from '../kept/ledger.ts'
import { about, type Prepared, UnreadableProps } from './prepare.ts'
import type { HoldsBack } from './stance.ts'

export interface Planning {
  host: ForeseenHost
  ledger: Ledger
  holdsBack: HoldsBack
  report: (event: ResourceEvent) => void
  /** When it is aborted, the plan stops. */
  signal: AbortSignal
}

export interface Planned {
  one: Prepared
  event: ResourceEvent
  /** With their values, also those of a sensitive resource. */
  changes: Change[]
  /** Of what is unknown: it may be that it fails. */
  mayFail?: boolean
  /** Of what is unknown: it is as wanted but for what may happen above it. */
  isAsWanted?: boolean
  /** Of what fails: something came of it before. */
  hasBegun?: boolean
}

/** What differs and is to be tried out. */
export interface Found extends Differing {
  proviso: string | undefined
}

/** Looks at one as it is foreseen to be at its turn. What is to be made is told in the event only once it was tried out. */
export async function lookedAt(one: Prepared, isMoved: boolean, planning: Planning): Promise<Planned | Found> {
  const { host, ledger } = planning
  const { found: finding, mayCome, hasAsked } = await host.watch(() => look(one, host))
  if (finding.is === 'as-wanted') {
    const why = `${host.brought.join(', ')}, made before it, may bring what it does not want`
    if (mayCome) return { ...unknown(one, why), isAsWanted: true }
    return { one, event: { outcome: 'unchanged', ...about(one) }, changes: [] }
  }
  if (finding.is === 'unreadable') {
    if (finding.error instanceof Unforeseeable) return mayFail(one, finding.error.message)
    const failed = failure(one, [], finding.error, 0)
    if (isMoved && (hasAsked || mayCome || one.want instanceof UnreadableProps))
      return mayFail(one, `it cannot be read before what stands above it is made: ${failed.error}`)
    return { one, event: { ...failed, cause: ledger.causeOf(one) }, changes: [] }
  }
  return ofDifferent(one, finding.changes, { isMoved, mayCome }, planning)
}

async function ofDifferent(
  one: Prepared,
  changes: Change[],
  { isMoved, mayCome }: { isMoved: boolean; mayCome: boolean },
  planning: Planning,
): Promise<Planned | Found> {
  const { host } = planning
  if (hasGuard(one)) {
    const planned = unknown(one, 'it differs, but its guard is a command, and a plan runs none', changes)
    return { ...planned, mayFail: mayCome || !(await couldBeMade(one, changes, host)) }
  }
  if (one.type.seesWhatRuns && isMoved)
    return mayFail(one, 'it asks what runs, and what stands above it is to be made first', changes)
  // What is missing now may come with a package; what is there as it should not be does not go by itself.
  const proviso = mayCome ? `${host.brought.join(', ')}, made before it, may bring it` : undefined
  return heldBack(one, changes, planning) ?? { one, changes, proviso }
}

export async function couldBeMade(one: Prepared, changes: Change[], host: ForeseenHost) {
  let could = false
  await host.assume(doubtOf(one), async () => {
    could = (await errorsOfTrying([{ one, changes }], host)).size === 0
  })
  return could
}

export function unknown(one: Prepared, reason: string, changes: Change[] = []): Planned {
  const shown = changes.length > 0 && { changes: shownOf(one, changes) }
  return { one, event: { outcome: 'unknown', ...about(one), ...shown, reason }, changes }
}

function mayFail(one: Prepared, reason: string, changes: Change[] = []): Planned {
  return { ...unknown(one, reason, changes), mayFail: true }
}

/** What differs, as it is shown, and why. */
function difference(one: Prepared, changes: Change[], { ledger }: Planning) {
  return { ...about(one), changes: shownOf(one, changes), cause: ledger.causeOf(one) }
}

function shownOf({ resource }: Prepared, changes: Change[]) {
  return resource.sensitive ? changes.map(withheld) : changes
}

function heldBack(one: Prepared, changes: Change[], planning: Planning): Planned | undefined {
  const held = planning.holdsBack(one)
  const later = held?.outcome === 'deferred' ? held.reason : !held && one.type.by && atTheEnd(one, one.type.by)
  const shown = difference(one, changes, planning)
  if (later) return { one, event: { outcome: 'deferred', ...shown, reason: later }, changes }
  return held && { one, event: { outcome: 'would-change', ...shown, proviso: held.reason }, changes }
}

/** What comes of making these together. */
export async function tried(differing: Found[], planning: Planning): Promise<Planned[]> {
  const { host } = planning
  const brought = [...host.brought]
  const errors = await errorsOfTrying(differing, host)
  const planned: Planned[] = []
  for (const { one, changes, proviso } of differing) {
    const failed = errors.get(one.resource.name)
    const shown = difference(one, changes, planning)
    if (!failed) {
      planned.push({ one, event: { outcome: 'would-change', ...shown, ...(proviso && { proviso }) }, changes })
    } else if (failed.error instanceof Unforeseeable) {
      planned.push(mayFail(one, failed.error.message, changes))
    } else if (failed.mayNot && brought.length > 0) {
      const event = failure(one, changes, failed.error, 0)
      const reason = `it fails unless ${brought.join(', ')}, made before it, brings what it needs: ${event.error}`
      planned.push(mayFail(one, reason, changes))
    } else {
      const event = { ...failure(one, changes, failed.error, 0), cause: shown.cause }
      planned.push({ one, event, changes, hasBegun: !isAsBefore(await look(one, host), changes) })
    }
  }
  return planned
}

interface Failed {
  error: Error
  /** What it needs may come with what was made before. */
  mayNot: boolean
}

async function errorsOfTrying(differing: Differing[], host: ForeseenHost) {
  const { effectsMany } = differing[0]?.one.type ?? {}
  const items = differing.map(({ one: { resource, want }, changes }) => {
    return { name: resource.name, want, changes: changes.map((change) => ({ ...change })) }
  })
  const errors = new Map<string, Failed>()
  if (effectsMany) {
    const mayNot = host.bringsPackages
    const all = await errorOf(async () => {
      for (const [name, error] of await effectsMany(items, host)) errors.set(name, { error, mayNot })
    })
    return all ? new Map(items.map(({ name }) => [name, { error: all, mayNot }])) : errors
  }
  for (const [at, { one }] of differing.entries()) {
    const {
      found: error,
      mayCome,
      hasAsked,
    } = await host.watch(() => errorOf(() => tryOut(one, items[at]?.changes ?? [], host)))
    if (error) errors.set(one.resource.name, { error, mayNot: mayCome || hasAsked })
  }
  return errors
}

export async function errorOf(act: () => Promise<void>) {
  try {
    await act()
    return undefined
  } catch (error) {
    return asError(error)
  }
}

async function tryOut({ type, resource, want }: Prepared, changes: Change[], host: ForeseenHost) {
  if (type.effects) return type.effects(resource.name, want, host, changes)
  return host.pretend(() => type.apply(resource.name, want, host, changes))
}

/** What is not made for sure is in doubt for what comes after it: what it would change, and what it manages. */
export async function doubt({ one, event, isAsWanted }: Planned, host: ForeseenHost) {
  if (event.outcome !== 'unknown') return
  const { type, resource, want } = one
  const why = doubtOf(one)
  await host.assume(why, async () => {
    const finding = await look(one, host)
    if (finding.is === 'different') await errorsOfTrying([{ one, changes: finding.changes }], host)
    if (want instanceof UnreadableProps || isAsWanted) return
    host.doubt(type.paths?.(resource.name, want) ?? [], type.units?.(resource.name) ?? [], why)
  })
}

function doubtOf({ id }: Prepared) {
  return `it is not known whether ${id} is made above it`
}
