import { CommandError } from '../../cli/command.ts'
import type { Measuring } from '../command.ts'
import { timed, type Timed } from '../one-shot.ts'
import { residentRun } from '../resident.ts'
import type { Site } from '../site.ts'
import { spreadOf, type Spread } from '../statistics.ts'
import { type Contender, contendersFor, names, type Peer } from './contenders.ts'
import { damage, look, mustEqual, wanted } from './look.ts'
import { WarmLimit } from './warm-limit.ts'
import type { WorkSet } from './work-sets.ts'
import type { Work } from './works.ts'

/** One contender's runs on one work. */
export interface Measurement {
  work: string
  task: string
  name: string
  runs: number
  wallMs: Spread
  /** Of the runs' medians; not known for what goes on living. */
  cpuMs?: number
  peakMb?: number
}

export interface RoundOptions extends Measuring {
  runs: number
  peers: Peer[]
}

/** Of what goes on living, before the first that counts: its compiler has then seen the work. */
const warmUps = 3
/** Of the limit, after the one that stands alone in its round as our run does. */
const passesInRow = 4

/** Everything on one work: made by the server's catalog, each contender shown to keep it, then rounds in turn. */
export async function measureWork(work: Work, options: RoundOptions, site: Site) {
  const { set } = work
  options.note(`${work.name} (${set.summary}, ${work.task}): make it so by our own server and agent`)
  await site.fleet.mustTrivet('converge', site.node.name, '--wait')
  mustEqual('the node is not as wanted', await look(set, site), wanted(set))
  const contenders = await contendersFor(work, options.peers, site)
  if (!work.spoil) {
    for (const contender of contenders) await proveKeeper(contender, set, site, options)
    await proveResident(set, site)
  }
  const limit = new WarmLimit(work, site)
  try {
    return await rounds(work, contenders, limit, options, site)
  } finally {
    await limit.end()
  }
}

/** It manages this very set, all of it, and leaves alone what is right. */
async function proveKeeper(contender: Contender, set: WorkSet, site: Site, { note, goOn }: RoundOptions) {
  const { name, unchanged, changed, repairs, saysUnchanged = () => true } = contender
  goOn()
  await damage(set, site)
  await timed(contender, changed, site)
  if (!repairs) await residentRun(site, 'changed')
  mustEqual(`after ${name} the node is not as wanted`, await look(set, site), wanted(set))
  const before = await look(set, site, true)
  const { wallMs, said } = await timed(contender, unchanged, site)
  if (!saysUnchanged(said)) throw new CommandError(`${name} says that it changed what was right already:\n${said}`)
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
  work: Work,
  contenders: Contender[],
  limit: WarmLimit,
  { runs, note, goOn }: RoundOptions,
  site: Site,
) {
  const before = await look(work.set, site, true)
  const started = contenders.map((contender) => ({ contender, results: [] as Timed[] }))
  const [resident, warm, inRow]: [number[], number[], number[]] = [[], [], []]
  const runResident = () => residentRun(site, work.spoil ? 'changed' : 'unchanged')
  const runLimit = () => limit.passes(work.spoil ? 1 : 1 + passesInRow)
  for (let round = 0; round < warmUps; round++) {
    await turn(work, site, names.resident, runResident)
    await turn(work, site, names.warmLimit, runLimit)
  }
  // One after another in every round, so that a noisy minute of the machine hits all alike.
  for (let round = 1; round <= runs; round++) {
    goOn()
    note(`${work.name}: round ${round} of ${runs}`)
    for (const { contender, results } of started) {
      const expected = work.spoil ? contender.changed : contender.unchanged
      results.push(await turn(work, site, contender.name, () => timed(contender, expected, site)))
    }
    resident.push(await turn(work, site, names.resident, runResident))
    const [alone = NaN, ...others] = await turn(work, site, names.warmLimit, runLimit)
    warm.push(alone)
    inRow.push(...others)
  }
  if (!work.spoil) mustEqual('a run that was measured has written something', await look(work.set, site, true), before)
  const about = { work: work.name, task: work.task }
  return [
    ...started.map(({ contender: { name }, results }) => ({ ...about, name, ...summaryOf(results) })),
    { ...about, name: names.resident, runs, wallMs: spreadOf(resident) },
    { ...about, name: names.warmLimit, runs, wallMs: spreadOf(warm) },
    ...(inRow.length > 0 ? [{ ...about, name: names.limitInRow, runs: inRow.length, wallMs: spreadOf(inRow) }] : []),
  ]
}

/** What has to be made right is made wrong before, and looked at after. */
async function turn<Result>({ spoil, set }: Work, site: Site, name: string, run: () => Promise<Result>) {
  await spoil?.(site)
  const result = await run()
  if (spoil) mustEqual(`after ${name} the node is not as wanted`, await look(set, site), wanted(set))
  return result
}

function summaryOf(results: Timed[]) {
  const spread = (key: 'wallMs' | 'cpuMs' | 'peakMb') => spreadOf(results.map((result) => result[key]))
  return {
    runs: results.length,
    wallMs: spread('wallMs'),
    cpuMs: spread('cpuMs').median,
    peakMb: spread('peakMb').median,
  }
}
