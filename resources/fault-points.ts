import { constants } from 'node:os'

/**
 * Every place in agent code that lies between two effects on the disk, by the file it is in and what has just happened there, or in -ing what is
 * about to. `npm run test:faults` lets the agent die and fail at each of them, and fails itself where one is never reached.
 */
export const faultPoints = [
  'journal.appending',
  'journal.appended',
  'journal.synced',
  'journal.ending',
  'journal.ended',
  'file.opened',
  'file.written',
  'file.set',
  'file.synced',
  'file.accepted',
  'file.renamed',
  'access.narrowed',
  'access.owned',
  'access.set',
  'adopt.set',
  'adopt.renamed',
  'directory.made',
  'directory.set',
  'link.made',
  'link.renamed',
  'remove.removed',
  'tree.removed',
  'archive.unpacked',
  'archive.aside',
  'archive.placed',
  'names.synced',
  'state.opened',
  'state.written',
  'state.synced',
  'state.renamed',
  'state.done',
  'spool.written',
  'spool.removing',
  'spool.removed',
  'ledger.closing',
  'ledger.closed',
  'orphan.undoing',
  'orphan.undone',
  'reboot.asking',
  'reboot.asked',
  'reboot.come',
  'reboot.forgotten',
  'blob.written',
  'blob.renamed',
  'catalog.written',
  'catalog.noted',
  'apply.owed',
  'apply.made',
  'apply.retrying',
  'apply.looked',
  'owed.acting',
  'owed.acted',
  'owed.settled',
  'run.recovering',
  'run.recovered',
  'run.begun',
  'run.walked',
  'run.closed',
  'run.spooled',
  'run.ended',
  'delivery.sending',
  'delivery.sent',
  'delivery.storing',
  'delivery.stored',
] as const
export type FaultPoint = (typeof faultPoints)[number]

/** `kill` ends the process as the kernel would, at once; the others throw what the kernel says of a disk that is full, or broken. */
export const faults = ['kill', 'enospc', 'eio'] as const
export type Fault = (typeof faults)[number]

const said = { enospc: 'no space left on device', eio: 'i/o error' }

let armed: { point: FaultPoint; fault: Fault; passesLeft: number } | undefined

/** Does nothing, unless it is this point that is armed. */
export function faultPoint(point: FaultPoint) {
  if (armed !== undefined && armed.point === point && --armed.passesLeft === 0) strike(point, armed.fault)
}

/** `journal.appended:kill`, or `journal.appended:kill@3` for the third time that the point is passed. Throws in words what cannot be read. */
export function armFault(text: string) {
  const [, wanted, how, pass = '1'] = /^([^:@]+):([^:@]+)(?:@([1-9]\d*))?$/.exec(text) ?? []
  const point = faultPoints.find((known) => known === wanted)
  const fault = faults.find((known) => known === how)
  if (!point || !fault) throw new Error(`${text} is no fault to arm. ${whyNot(wanted, point)}`)
  armed = { point, fault, passesLeft: Number(pass) }
}

function whyNot(wanted: string | undefined, point: FaultPoint | undefined) {
  if (wanted === undefined || point)
    return `It is POINT:FAULT or POINT:FAULT@PASS, where FAULT is ${faults.join(', ')}.`
  return `There is no point ${wanted}. There are: ${faultPoints.join(', ')}.`
}

function strike(point: FaultPoint, fault: Fault) {
  if (fault === 'kill') process.kill(process.pid, 'SIGKILL')
  else {
    const code = fault === 'eio' ? 'EIO' : 'ENOSPC'
    process.emitWarning(`${code} at ${point}`, 'TrivetFault')
    const errno = -constants.errno[code]
    throw Object.assign(new Error(`${code}: ${said[fault]}, ${point}`), { code, errno, syscall: point })
  }
}
