import { changesOf, type ResourceEvent } from '../../protocol/events.ts'
import { faultPoint } from '../../resources/fault-points.ts'
import type { Host } from '../../resources/host.ts'
import { sweepAnew } from '../../resources/files/write-atomically.ts'
import { isAsWanted } from './check.ts'
import { type Interrupted, Journal, keyOf } from '../kept/journal.ts'
import type { Ledger, Made } from '../kept/ledger.ts'
import { type Prepared, type ResourceTypes, UnreadableProps } from './prepare.ts'
import type { Reboots } from './reboot.ts'
import { reportOf } from './report.ts'
import type { Spool } from '../kept/spool.ts'
import { errorIn, spooled } from './walk.ts'

export interface Recovering {
  host: Host
  types: ResourceTypes
  reboots: Reboots
  spool: Spool
  journalPath: string
  now: () => number
}

/**
 * Tells the ledger what a run had made that did not come to its end, and gives its report, unless that is safe already. Its orders stay open:
 * the server sends them again, and a run that ends answers them.
 */
export async function recover(prepared: Prepared[], ledger: Ledger, recovering: Recovering) {
  const { host, spool, journalPath, now } = recovering
  const journal = new Journal(journalPath)
  if (recovering.reboots.hasJustCome) errorIn(() => crossOutReboots(journal, prepared, recovering.reboots))
  const left = journal.interrupted
  if (!left) return undefined
  faultPoint('run.recovering')
  sweepAnew()
  for (const [, { type, name }] of left.making) errorIn(() => recovering.types[type]?.sweep?.(name))
  host.changed()
  await recall(left, recovering.types, ledger, host)
  const isInLedger = errorIn(() => ledger.save()) === undefined
  // It died after its report was safe, and before the journal said so. What cannot be written now, the end of this run writes.
  if (left.isReported || spool.has(left.run.id)) {
    errorIn(() => (isInLedger ? journal.end() : journal.reported()))
    return undefined
  }
  const events = [...left.events, ...(await madeOf(left.applying, prepared, host))]
  const report = reportOf({ ...left.run, orders: [] }, events, endedBy(journal, now()))
  const kept = spooled(report, { journal, spool }, isInLedger)
  faultPoint('run.recovered')
  return kept
}

/** Those that were made all the same: they differed right before, and are as wanted. */
async function madeOf(applying: ResourceEvent[], prepared: Prepared[], host: Host) {
  const byId = new Map<string, Prepared>(prepared.map((one) => [one.id, one]))
  const made: ResourceEvent[] = []
  for (const event of applying) {
    const one = byId.get(event.id)
    if (!one || one.want instanceof UnreadableProps) continue
    if (await isAsWanted(one.type, one.resource.name, one.want, host)) made.push(event)
  }
  return made
}

function endedBy(journal: Journal, finishedAt: number) {
  const error = 'the agent died in the middle of this run'
  return { finishedAt, unchanged: 0, owed: journal.owed.map(keyOf), outcome: 'interrupted', error } as const
}

// Asked for, and then the agent died before it could cross it out. Where it cannot now either, there is one reboot too many.
function crossOutReboots(journal: Journal, prepared: Prepared[], reboots: Reboots) {
  const ends = new Set(prepared.map(({ id, type }) => `${type.by} ${id}`))
  for (const owed of journal.owed.filter((one) => ends.has(keyOf(one)))) journal.settle(owed)
  if (journal.touched && !journal.interrupted) journal.end()
  reboots.crossOut()
}

// Noted before it was made: where no event tells that it was, only the machine can; what it cannot tell is not claimed.
async function recall({ making, told }: Interrupted, types: ResourceTypes, ledger: Ledger, host: Host) {
  const changed = new Set(told.filter(({ outcome }) => outcome === 'changed').map(({ id }) => id))
  for (const [id, made] of making) {
    if (changed.has(id) || (await isThere(made, types, host))) ledger.making(id, made)
  }
  for (const event of told) {
    if (event.outcome === 'changed' && (event.action === 'remove' || event.action === 'restore'))
      ledger.forget(event.id)
    for (const { kept } of changesOf(event)) if (kept !== undefined) ledger.kept(event.id, kept)
  }
}

async function isThere({ type: typeName, name, props }: Made, types: ResourceTypes, host: Host) {
  const type = types[typeName]
  return type !== undefined && isAsWanted(type, name, props, host)
}
