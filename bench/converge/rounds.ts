import { CommandError } from '../../cli/command.ts'
import { spreadOf, type Spread } from '../statistics.ts'
import { type Contender, contendersFor, names, type Peer, timed, type Timed } from './contenders.ts'
import { damage, look, mustEqual, wanted } from './look.ts'
import { residentRun, WarmLimit } from './resident.ts'
import type { Site } from './site.ts'
import type { WorkSet } from './work-sets.ts'

/** One contender's no-op runs on one set. */
export interface Measurement {
  set: string
  name: string
  runs: number
  wallMs: Spread
  /** Of the runs' medians; not known for what goes on living. */
  cpuMs?: number
  peakMb?: number
}

export interface RoundOptions {
  runs: number
  peers: Peer[]
  note: (text: string) => void
  /** Aborted, the measuring ends with an error at the next command. */
  signal: AbortSignal
}

/** Of what goes on living, before the first that counts: its compiler has then seen the work. */
const warmUps = 3
const passesPerRound = 5

/** Everything on one set: made by the server's catalog, each contender shown to keep it, then rounds in turn. */
export async function measureSet(set: WorkSet, options: RoundOptions, site: Site) {
  options.note(`${set.name} (${set.summary}): make it so by our own server and agent`)
  await site.fleet.mustTrivet('node', 'assign', site.node.name, set.role)
  await site.fleet.mustTrivet('converge', site.node.name, '--wait')
  mustEqual('the node is not as wanted', await look(set, site), wanted(set))
  const contenders = await contendersFor(set, options.peers, site)
  for (const contender of contenders) await proveKeeper(contender, set, site, options)
  await proveResident(set, site)
  const limit = new WarmLimit(set, site)
  try {
    const measurements = await rounds(set, contenders, limit, options, site)
    await site.fleet.mustTrivet('node', 'unassign', site.node.name, set.role)
    return measurements
  } finally {
    await limit.end()
  }
}

/** It manages this very set, all of it, and leaves alone what is right. */
async function proveKeeper(contender: Contender, set: WorkSet, site: Site, { note, signal }: RoundOptions) {
  const { name, unchanged, changed, repairs, silent } = contender
  goOn(signal)
  await damage(set, site)
  await timed(contender, changed, site)
  if (!repairs) await residentRun(site, 'changed')
  mustEqual(`after ${name} the node is not as wanted`, await look(set, site), wanted(set))
  const before = await look(set, site, true)
  const { wallMs, said } = await timed(contender, unchanged, site)
  if (silent && said !== '') throw new CommandError(`${name} says that it changed what was right already:\n${said}`)
  mustEqual(`${name} wrote what was right already`, await look(set, site, true), before)
  note(
    `${set.name} ${name}: ${repairs ? 'repairs' : 'sees'} what is wrong, leaves what is right (${wallMs.toFixed()} ms)`,
  )
}

async function proveResident(set: WorkSet, site: Site) {
  await damage(set, site)
  await residentRun(site, 'changed')
  mustEqual(`after the resident agent's run the node is not as wanted`, await look(set, site), wanted(set))
}

async function rounds(
  set: WorkSet,
  contenders: Contender[],
  limit: WarmLimit,
  { runs, note, signal }: RoundOptions,
  site: Site,
) {
  const before = await look(set, site, true)
  const started = contenders.map((contender) => ({ contender, results: [] as Timed[] }))
  const [resident, warm]: [number[], number[]] = [[], []]
  for (let round = 0; round < warmUps; round++) {
    await residentRun(site, 'unchanged')
    await limit.passes(passesPerRound)
  }
  // One after another in every round, so that a noisy minute of the machine hits all alike.
  for (let round = 1; round <= runs; round++) {
    goOn(signal)
    note(`${set.name}: round ${round} of ${runs}`)
    for (const { contender, results } of started) results.push(await timed(contender, contender.unchanged, site))
    resident.push(await residentRun(site, 'unchanged'))
    warm.push(...(await limit.passes(passesPerRound)))
  }
  mustEqual('a run that was measured has written something', await look(set, site, true), before)
  return [
    ...started.map(({ contender: { name }, results }) => measurementOf(set.name, name, results)),
    { set: set.name, name: names.resident, runs, wallMs: spreadOf(resident) },
    { set: set.name, name: names.warmLimit, runs: warm.length, wallMs: spreadOf(warm) },
  ]
}

function measurementOf(set: string, name: string, results: Timed[]): Measurement {
  const spread = (key: 'wallMs' | 'cpuMs' | 'peakMb') => spreadOf(results.map((result) => result[key]))
  const [cpuMs, peakMb] = [spread('cpuMs').median, spread('peakMb').median]
  return { set, name, runs: results.length, wallMs: spread('wallMs'), cpuMs, peakMb }
}

function goOn(signal: AbortSignal) {
  if (signal.aborted) throw new CommandError('interrupted; nothing is left of the lab')
}
