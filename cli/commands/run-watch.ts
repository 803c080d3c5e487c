import { z } from 'zod'
import { api } from '../../protocol/api.ts'
import type { FeedEvent } from '../../protocol/api/feed.ts'
import type { StoredRun } from '../../protocol/views.ts'
import { ApiFailure, type Client } from '../api-client.ts'
import type { Context } from '../context.ts'
import { EndedRuns } from '../ended-runs.ts'
import { followFleet } from '../follow-fleet.ts'
import { command, jsonlFlag } from '../options.ts'
import { countOf } from '../order-text.ts'
import { paintWord } from '../paint.ts'
import { countsText, eventLines, subjectOf } from '../run-text.ts'
import { resourceLines, tellLines, type ToldLine } from '../told-lines.ts'

/** What to show: all, what one node does, or one run until it is over. */
interface Watched {
  node?: string
  run?: string
}

/** By run: the subjects of what was printed of it. After a lost connection the server tells it all anew. */
type Told = Map<string, Set<string>>

export const runWatch = command({
  usage: 'run watch [NODE|RUN] [--diff] [--jsonl]',
  summary: 'Follow runs while they happen, resource by resource: of all nodes, of one, or one run until it is over.',
  details: `A run that is under way is told from its beginning; of what is as it should be only the number. RUN is at least the eight letters that run list
shows. One run exits with 0, or with 1 if it failed; else it goes on until Ctrl-C. With --jsonl: docs/streams.md.`,
  flags: { diff: { type: 'boolean' }, ...jsonlFlag },
  options: z.object({
    operands: z.array(z.string()).max(1),
    diff: z.boolean().default(false).describe('Also how texts changed, line by line.'),
    jsonl: z.boolean().default(false).describe('One JSON a line, as it comes.'),
  }),

  async run({ operands: [what], ...shown }, context) {
    const client = await context.api()
    const watched = what === undefined ? {} : await watchedBy(client, what)
    const following = followFleet(client, context.interrupted(), context)
    const telling = { ...shown, told: new Map() }
    return watched.run === undefined
      ? watchRuns(following, watched.node, new EndedRuns(client, watched.node), telling, context)
      : watchRun(following, watched.run, client, telling, context)
  },
})

type Following = AsyncGenerator<FeedEvent>

/** Until Ctrl-C. */
async function watchRuns(
  following: Following,
  node: string | undefined,
  ended: EndedRuns,
  shown: Telling,
  context: Context,
) {
  for await (const event of following) {
    if (event.type === 'progress' && isOf(node, event.node)) tellProgress(event, shown, context)
    const told = event.type === 'run' && isOf(node, event.run.node) && ended.take(event.run) ? [event.run] : []
    for (const run of event.type === 'reset' ? await ended.missed() : told) {
      shown.told.delete(run.id)
      tellEnd(run, shown, context)
    }
  }
  return 0
}

function isOf(node: string | undefined, name: string) {
  return node === undefined || node === name
}

/** Until it is over. */
async function watchRun(following: Following, id: string, client: Client, shown: Telling, context: Context) {
  let isKnown = false
  for await (const event of following) {
    if (event.type === 'progress' && event.run.startsWith(id)) tellProgress(event, shown, context)
    if (event.type === 'run' && event.run.id.startsWith(id)) return finish(event.run, shown, context)
    if (event.type !== 'reset') continue
    isKnown ||= event.runs.some((run) => run.startsWith(id))
    const over = await storedOf(client, id, isKnown)
    if (over) return finish(over, shown, context)
    context.output.note(`Run ${id} is not over yet: waiting for what it does. Ctrl-C ends that, not the run.`)
  }
  return 130
}

interface Shown {
  diff: boolean
  jsonl: boolean
}

interface Telling extends Shown {
  told: Told
}

/** A name of a node, or else what a run's id begins with. */
async function watchedBy(client: Client, what: string): Promise<Watched> {
  try {
    return { node: (await client.call(api.readNode, { node: what })).name }
  } catch (error) {
    const isNoNode = error instanceof ApiFailure && (error.code === 'unknown-node' || error.code === 'bad-input')
    if (isNoNode && /^[0-9a-f-]{8,36}$/.test(what)) return { run: what }
    throw error
  }
}

/** The run, where it is over already. One that is neither over nor known to be under way is none. */
async function storedOf(client: Client, id: string, isUnderWay: boolean): Promise<StoredRun | undefined> {
  try {
    return (await client.call(api.readRun, { id })).run
  } catch (error) {
    if (isUnderWay && error instanceof ApiFailure && error.code === 'unknown-run') return undefined
    throw error
  }
}

type Progress = Extract<FeedEvent, { type: 'progress' }>

function tellProgress({ node, run, orders, done, total, ...more }: Progress, shown: Telling, context: Context) {
  const { output, paint } = context
  const isNew = !shown.told.has(run)
  const known = shown.told.get(run) ?? new Set<string>()
  shown.told.set(run, known)
  const events = more.events.filter((one) => one.outcome !== 'unchanged' && !known.has(subjectOf(one)))
  for (const one of events) known.add(subjectOf(one))
  const told = { node, run, order: orders[0] ?? null, done, total, events }
  if (shown.jsonl) return tellLines(context, resourceLines(told))
  if (isNew) output.line(`${paint('bold', node)}: run ${run.slice(0, 8)}, ${countOf(total, 'resource')}`)
  for (const line of events.flatMap((one) => eventLines(one, paint, shown))) output.line(`${node}: ${line}`)
}

function tellEnd({ id: run, node, mode, outcome, counts }: StoredRun, { jsonl }: Shown, context: Context) {
  const line: ToldLine = { type: 'run', node, run, mode, outcome, counts }
  if (jsonl) return tellLines(context, [line])
  const word = paintWord(context.paint, outcome)
  context.output.line(`${context.paint('bold', node)}: ${mode} ${run.slice(0, 8)} ${word}: ${countsText(counts)}`)
}

function finish(over: StoredRun, shown: Shown, context: Context) {
  tellEnd(over, shown, context)
  const exitCode = over.outcome === 'failed' || over.outcome === 'interrupted' ? 1 : 0
  if (shown.jsonl) tellLines(context, [{ type: 'end', exitCode }])
  else context.output.note(`More: trivet run show ${over.id.slice(0, 8)}`)
  return exitCode
}
