import { appendFileSync, closeSync, existsSync, fsyncSync, openSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { crc32 } from 'node:zlib'
import { z } from 'zod'
import { Notification, ResourceId } from '../../protocol/catalog.ts'
import { ResourceEvent, Run } from '../../protocol/events.ts'
import { Made } from './ledger.ts'
import { faultPoint } from '../../resources/fault-points.ts'
import { syncDirectory } from '../../resources/files/write-atomically.ts'
import { moveAside, Unusable, writeSynced } from './state.ts'
import { hasCode } from '../../protocol/errors.ts'

/** A run as far as it is known when it begins. */
export const Begun = Run.pick({ id: true, mode: true, trigger: true, orders: true, catalog: true, startedAt: true })
export type Begun = z.infer<typeof Begun>

const Entry = z.discriminatedUnion('entry', [
  z.strictObject({ entry: z.literal('begun'), run: Begun }),
  z.strictObject({ entry: z.literal('owed'), ...Notification.shape }),
  z.strictObject({ entry: z.literal('settled'), ...Notification.shape }),
  z.strictObject({ entry: z.literal('making'), id: ResourceId, made: Made }),
  z.strictObject({ entry: z.literal('applying'), event: ResourceEvent }),
  z.strictObject({ entry: z.literal('event'), event: ResourceEvent }),
  z.strictObject({ entry: z.literal('reported') }),
])
type Entry = z.infer<typeof Entry>

/** What an earlier process left behind when it died in the middle of a run. */
export interface Interrupted {
  run: Begun
  events: ResourceEvent[]
  /** What would have been told of those that it was about to make, or had made. */
  applying: ResourceEvent[]
  /** Its report is safe; only the ledger could not be written. */
  isReported: boolean
  /** For the ledger, of all runs since it was last written: what they were about to make, or had made, and what they told. */
  making: (readonly [ResourceId, Made])[]
  told: ResourceEvent[]
}

/**
 * What is owed, on disk before it comes to be owed: a killed agent or a power cut never loses a restart.
 * One entry a line, `CRC32 JSON`; a torn last line is as if it had not been written. A run that changes nothing never touches it.
 */
export class Journal {
  readonly #path: string
  #file: number | undefined
  #owed: Map<string, Notification>
  #begun = false
  interrupted: Interrupted | undefined
  /** Set when something could not be noted. */
  trouble: string | undefined

  constructor(path: string) {
    this.#path = path
    const entries = readEntries(path)
    this.#owed = owedAfter(entries)
    this.interrupted = interruptedIn(entries)
  }

  /** In the order first asked for. */
  get owed(): Notification[] {
    return [...this.#owed.values()]
  }

  get touched() {
    return this.#file !== undefined
  }

  /** The run is about to change something. Only the first call of a run counts. */
  begin(run: Begun) {
    if (this.#begun) return
    this.#append([{ entry: 'begun', run }])
    this.#begun = true
  }

  /** On disk when it returns: only then may the change be made. Gives those that were not owed before. */
  owe(notifications: Notification[]) {
    const fresh = notifications.filter((one) => !this.#owed.has(keyOf(one)))
    if (fresh.length > 0) this.#append(fresh.map((one) => ({ entry: 'owed', ...one })))
    for (const notification of fresh) this.#owed.set(keyOf(notification), notification)
    return fresh
  }

  /** Done, or after all not owed: crossed out. */
  settle(notification: Notification) {
    if (!this.#owed.delete(keyOf(notification))) return
    this.#note([{ entry: 'settled', ...notification }], true)
  }

  /** For the report that is made if this process dies before the run has ended. */
  record(event: ResourceEvent) {
    if (this.#begun && event.outcome !== 'unchanged') this.#note([{ entry: 'event', event }], false)
  }

  /** What will be told of these once they are made, for the report that is made if this process dies before. */
  applying(events: ResourceEvent[]) {
    this.#note(
      events.map((event) => ({ entry: 'applying', event })),
      false,
    )
  }

  /** For the ledger, if this process dies before it is written. */
  making(id: ResourceId, made: Made) {
    this.#note([{ entry: 'making', id, made }], false)
  }

  /** The run is over and its report is safe, but the ledger could not be written: the next run does it, from what is noted here. */
  reported() {
    this.#note([{ entry: 'reported' }], false)
    this.#close()
  }

  // A full disk here loses no restart: at worst one is done twice.
  #note(entries: Entry[], synced: boolean) {
    try {
      this.#append(entries, synced)
    } catch (error) {
      this.trouble = `the journal cannot be written, so what was done may be done again: ${String(error)}`
    }
  }

  /** The run is over, its report is safe and the ledger written: from now on only what is still owed is remembered. */
  end() {
    faultPoint('journal.ending')
    this.interrupted = undefined
    this.#close()
    writeSynced(this.#path, this.owed.map((one) => lineOf({ entry: 'owed', ...one })).join(''))
    faultPoint('journal.ended')
  }

  #close() {
    if (this.#file !== undefined) closeSync(this.#file)
    this.#file = undefined
  }

  // Each entry starts on a line of its own: what stands before it may be torn, by a kill or by a disk that was full.
  #append(entries: Entry[], synced = true) {
    faultPoint('journal.appending')
    this.#file ??= this.#open()
    appendFileSync(this.#file, entries.map((entry) => `\n${lineOf(entry)}`).join(''))
    faultPoint('journal.appended')
    if (!synced) return
    fsyncSync(this.#file)
    faultPoint('journal.synced')
  }

  // A file that a power cut takes the name of is as good as none.
  #open() {
    const isNew = !existsSync(this.#path)
    const file = openSync(this.#path, 'a', 0o600)
    if (isNew) syncDirectory(dirname(this.#path))
    return file
  }
}

export function keyOf({ action, target }: Notification) {
  return `${action} ${target}`
}

function lineOf(entry: Entry) {
  const text = JSON.stringify(entry)
  return `${checksumOf(text)} ${text}\n`
}

function checksumOf(text: string) {
  return crc32(text).toString(16).padStart(8, '0')
}

function readEntries(path: string): Entry[] {
  return readLines(path).flatMap((line) => {
    const text = line.slice(9)
    // Of nothing at all the checksum is zero, which a torn line may well begin with.
    if (text === '' || `${checksumOf(text)} ` !== line.slice(0, 9)) return []
    // Whole, but of another version of the agent: what it tells cannot be known here.
    const entry = Entry.safeParse(JSON.parse(text))
    return entry.success ? [entry.data] : []
  })
}

const remedy = 'See to the disk; or move it away, and restart by hand what was changed and not restarted since.'

function readLines(path: string) {
  try {
    return readFileSync(path, 'utf8').split('\n').filter(Boolean)
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return []
    // No folder was ever a journal. What cannot be read may well be one.
    if (hasCode(error, 'EISDIR')) return moveAside(path, error) ?? []
    throw new Unusable(path, error, `It says what is owed, so nothing is done without it. ${remedy}`)
  }
}

function owedAfter(entries: Entry[]) {
  const owed = new Map<string, Notification>()
  for (const entry of entries) {
    if (entry.entry === 'owed') owed.set(keyOf(entry), { action: entry.action, target: entry.target })
    if (entry.entry === 'settled') owed.delete(keyOf(entry))
  }
  return owed
}

function interruptedIn(entries: Entry[]): Interrupted | undefined {
  const at = entries.findLastIndex(({ entry }) => entry === 'begun')
  const [begun, ...since] = at === -1 ? [] : entries.slice(at)
  if (begun?.entry !== 'begun') return undefined
  const events = eventsIn(since)
  const told = new Set(events.map(({ id }) => id))
  return {
    run: begun.run,
    events,
    applying: since.flatMap((entry) => (entry.entry === 'applying' && !told.has(entry.event.id) ? entry.event : [])),
    isReported: since.some(({ entry }) => entry === 'reported'),
    making: entries.flatMap((entry) => (entry.entry === 'making' ? [[entry.id, entry.made] as const] : [])),
    told: eventsIn(entries),
  }
}

function eventsIn(entries: Entry[]) {
  return entries.flatMap((entry) => (entry.entry === 'event' ? [entry.event] : []))
}
