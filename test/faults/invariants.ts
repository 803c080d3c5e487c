import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { Journal, keyOf } from '../../agent/kept/journal.ts'
import { readIfThere } from '../../agent/kept/state.ts'
import { Report, type ResourceEvent, type RunOutcome } from '../../protocol/events.ts'
import type { Place } from './place.ts'
import { isNoMoreOpen, type Look, lookAt, shown, type Thing, things } from './things.ts'

/** What must hold whatever happens; the words head the columns of the table. */
export const invariants = {
  whole: 'each file is the old or the new one, never a mix',
  closed: 'nobody may ever do what neither the old nor the new mode and owner allow, with the candidate neither',
  owed: 'what changed since its service was last restarted is restarted, or still owed',
  mended: 'the next run makes all as wanted, and restarts what is owed',
  idle: 'the run after it changes nothing',
  clean: 'no temporary file is left',
  once: 'each run is reported, as it was the first time, and each change in one report alone',
  ledger: 'the ledger says of each thing whether we made it, and claims nothing that may be of others',
}
export type Invariant = keyof typeof invariants
/** What did not hold, in words. */
export type Broken = [Invariant, string]

/** It is taken away with the next catalog, and has only one name: no more of them come together. */
const untilNextCatalog = 'catalog.note.json.new'
const temporary = /^\.trivet-(partial-)?[0-9a-f]{16}-/

/** Right after the agent has died or failed. */
export function brokenAtOnce(place: Place): Broken[] {
  const files = Object.entries(things).flatMap((one) => brokenIn(place, ...one))
  return [...files, ...candidates(place), ...unowed(place), ...brokenClaims(place)]
}

function brokenIn(place: Place, name: string, thing: Thing): Broken[] {
  const is = lookAt(join(place.root, name))
  const broken: Broken[] = []
  if (!isWhole(is, thing)) broken.push(['whole', `${name} is a ${shown(is)}`])
  if (!isNoMoreOpen(is, thing)) broken.push(['closed', `${name} is a ${shown(is)}`])
  return broken
}

// Where the bytes stay, and of a directory, mode and owner change where it lies; else all of it changes in one step.
function isWhole(is: Look, { before, after, inTwo }: Thing) {
  if (inTwo && is.kind === 'nothing') return true
  if (isDeepStrictEqual(is, before) || isDeepStrictEqual(is, after)) return true
  if (is.kind === 'directory') return after.kind === 'directory'
  const isSameText = before.kind === 'file' && after.kind === 'file' && before.text === after.text
  return isSameText && is.kind === 'file' && is.text === before.text
}

function candidates(place: Place): Broken[] {
  return entriesIn(place.root).flatMap((path): Broken[] => {
    if (isKnown(path)) return []
    const [workshop = ''] = path.split('/')
    if (/^\.trivet-unpacking-app-[0-9a-f]{16}$/.test(workshop)) return openWorkshop(join(place.root, workshop))
    const thing = things[join(dirname(path), basename(path).replace(temporary, ''))]
    if (!thing || !temporary.test(basename(path))) return [['clean', `${path} is nobody's`]]
    const is = lookAt(join(place.root, path))
    return isNoMoreOpen(is, { before: thing.after, after: thing.after })
      ? []
      : [['closed', `${path} is a ${shown(is)}`]]
  })
}

/** What lies in one is nobody's to see before it is in its place. */
function openWorkshop(path: string): Broken[] {
  const is = lookAt(path)
  return is.kind === 'directory' && is.mode === 0o700 && is.uid === 0 ? [] : [['closed', `${path} is a ${shown(is)}`]]
}

/** A thing, or what an archive says of itself in its directory. */
function isKnown(path: string) {
  return things[path] !== undefined || path === 'app/.trivet-archive'
}

function unowed(place: Place): Broken[] {
  if (place.loads.at(-1) === place.fingerprint) return []
  const owed = new Journal(join(place.state, 'journal')).owed.map(keyOf)
  return owed.includes('run exec[load]') ? [] : [['owed', `what is owed is ${owed.join(', ') || 'nothing'}`]]
}

/** After a run that nothing disturbed. */
export function brokenAfterwards(place: Place): Broken[] {
  const broken: Broken[] = []
  for (const [name, { after }] of Object.entries(things)) {
    const is = lookAt(join(place.root, name))
    if (!isDeepStrictEqual(is, after)) broken.push(['mended', `${name} is a ${shown(is)}`])
  }
  if (place.loads.at(-1) !== place.fingerprint) broken.push(['mended', 'the service was not restarted'])
  const { owed, interrupted } = new Journal(join(place.state, 'journal'))
  if (owed.length > 0 || interrupted) broken.push(['mended', 'the journal still tells of something to do'])
  const left = [
    ...entriesIn(place.root).filter((path) => !isKnown(path)),
    ...entriesIn(place.state).filter((path) => /\.new$|\.damaged$/.test(path) && path !== untilNextCatalog),
  ]
  return [...broken, ...left.map((path): Broken => ['clean', `${path} is left`]), ...wrongInLedger(place)]
}

const Book = z.object({ made: z.record(z.string(), z.object({ how: z.enum(['made', 'changed']), name: z.string() })) })

function claimsOf(place: Place) {
  const text = readIfThere(join(place.state, 'ledger'))?.split('\n', 2)[1] ?? '{"made":{}}'
  const made = Object.values(Book.parse(JSON.parse(text)).made)
  return new Map(made.map(({ how, name }) => [name.replace(`${place.root}/`, '').replace(/#.*/, ''), how]))
}

function wrongInLedger(place: Place): Broken[] {
  const claims = claimsOf(place)
  return Object.entries(things).flatMap(([name, { ledger, inSteps }]): Broken[] => {
    const claim = claims.get(name)
    return claim === ledger || (inSteps && claim === 'changed')
      ? []
      : [['ledger', `${name} is ${claim ?? 'unknown'} to it, not ${ledger ?? 'unknown'}`]]
  })
}

/** A claim to have made what is not there, and was not before, would let us remove what somebody else makes there. */
function brokenClaims(place: Place): Broken[] {
  return [...claimsOf(place)].flatMap(([name, how]): Broken[] => {
    const isNothing = lookAt(join(place.root, name)).kind === 'nothing' && things[name]?.before.kind === 'nothing'
    return how === 'made' && isNothing ? [['ledger', `it claims ${name}, which was never made`]] : []
  })
}

/** A report, as the agent keeps it or the server stores it. */
export interface Told {
  run: { id: string; outcome: RunOutcome }
  events: ResourceEvent[]
}

/** A run that is to be reported; how it ended, where its report is safe already. */
export interface Expected {
  id: string
  outcome?: RunOutcome
}

/** What all reports together say. Of so many changes none may tell: of what was being made when the agent died. */
export function brokenReports(place: Place, reports: Told[], expected: Expected[], mostUntold: number): Broken[] {
  const ids = reports.map(({ run }) => run.id)
  const missing = expected.filter(({ id }) => !ids.includes(id))
  const told = reports.flatMap(({ events }) => events).filter(({ action }) => action !== 'run')
  const changed = told.filter(({ outcome }) => outcome === 'changed').map(({ id }) => id)
  const untold = Object.entries(things).filter(
    ([name, thing]) => isTold(name, thing) && !told.some(isAbout(place, name)),
  )
  return [
    ...missing.map(({ id }): Broken => ['once', `run ${id} is not reported`]),
    ...expected.flatMap((one) => retold(one, reports)),
    ...doubled(ids).map((id): Broken => ['once', `run ${id} is reported twice`]),
    ...doubled(changed).map((id): Broken => ['once', `${id} is reported as changed twice`]),
    ...untold.slice(mostUntold).map(([name]): Broken => ['once', `no report tells of ${name}`]),
  ]
}

function retold({ id, outcome }: Expected, reports: Told[]): Broken[] {
  const told = reports.find(({ run }) => run.id === id)
  if (!told || outcome === undefined || told.run.outcome === outcome) return []
  return [['once', `run ${id} was reported as ${outcome}, and then as ${told.run.outcome}`]]
}

function doubled(words: string[]) {
  return words.filter((word, index) => words.indexOf(word) !== index)
}

function isTold(name: string, { before, after, by }: Thing) {
  return !isDeepStrictEqual(before, after) && by !== null
}

function isAbout(place: Place, name: string) {
  const { by = `[${join(place.root, name)}` } = things[name] ?? {}
  return ({ id }: { id: string }) => by !== null && id.includes(by)
}

/** The runs that are still to be reported: those in the spool, and the one in whose middle the agent died. */
export function spooledBy(place: Place): Expected[] {
  const left = new Journal(join(place.state, 'journal')).interrupted
  return [
    ...spoolOf(place).map(({ run: { id, outcome } }) => ({ id, outcome })),
    ...(left ? [{ id: left.run.id }] : []),
  ]
}

/** How many reports wait in the spool. */
export function waitingIn(place: Place) {
  return reportsIn(place).length
}

function reportsIn(place: Place) {
  return entriesIn(join(place.state, 'spool')).filter((name) => name.endsWith('.json'))
}

export function spoolOf(place: Place) {
  const dir = join(place.state, 'spool')
  return reportsIn(place).map((name) => Report.parse(JSON.parse(readFileSync(join(dir, name), 'utf8'))))
}

function entriesIn(dir: string) {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' })
}
