import { z } from 'zod'
import { api } from '../../protocol/api.ts'
import type { FeedEvent } from '../../protocol/api/feed.ts'
import type { RunOutcome } from '../../protocol/events.ts'
import { ApiFailure, type Client } from '../api-client.ts'
import type { Context } from '../context.ts'
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
    const told: Told = new Map()
    for await (const event of followFleet(client, context.interrupted(), context)) {
      const over =
        event.type === 'reset' ? await storedOf(client, watched) : tell(event, watched, { ...shown, told }, context)
      if (over) return finish(over, shown, context)
      if (event.type === 'reset' && watched.run !== undefined) noteWaiting(watched.run, context)
    }
    return watched.run === undefined ? 0 : 130
  },
})

function noteWaiting(run: string, { output }: Context) {
  output.note(`No run ${run} is over yet: waiting for what it does. Ctrl-C ends that, not the run.`)
}

interface Shown {
  diff: boolean
  jsonl: boolean
}

interface Over {
  run: string
  node: string
  mode: 'converge' | 'plan'
  outcome: RunOutcome
  counts: Parameters<typeof countsText>[0]
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

/** The run, where it is over already. */
async function storedOf(client: Client, { run: id }: Watched): Promise<Over | undefined> {
  if (id === undefined) return undefined
  try {
    const { run } = await client.call(api.readRun, { id })
    return overOf(run)
  } catch (error) {
    if (error instanceof ApiFailure && error.code === 'unknown-run') return undefined
    throw error
  }
}

function overOf({ id, node, mode, outcome, counts }: Extract<FeedEvent, { type: 'run' }>['run']): Over {
  return { run: id, node, mode, outcome, counts }
}

/** Prints what an event tells of what is watched; gives the run that was waited for once it is over. */
function tell(event: FeedEvent, watched: Watched, shown: Shown & { told: Told }, context: Context) {
  if (event.type === 'progress' && isWatched(watched, event.node, event.run)) tellProgress(event, shown, context)
  if (event.type !== 'run' || !isWatched(watched, event.run.node, event.run.id)) return undefined
  const over = overOf(event.run)
  shown.told.delete(over.run)
  if (watched.run !== undefined) return over
  tellEnd(over, shown, context)
  return undefined
}

function isWatched(watched: Watched, node: string, run: string) {
  return (watched.node ?? node) === node && run.startsWith(watched.run ?? '')
}

type Progress = Extract<FeedEvent, { type: 'progress' }>

function tellProgress(
  { node, run, orders, done, total, ...more }: Progress,
  shown: Shown & { told: Told },
  context: Context,
) {
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

function tellEnd({ node, run, mode, outcome, counts }: Over, { jsonl }: Shown, context: Context) {
  const line: ToldLine = { type: 'run', node, run, mode, outcome, counts }
  if (jsonl) return tellLines(context, [line])
  const word = paintWord(context.paint, outcome)
  context.output.line(`${context.paint('bold', node)}: ${mode} ${run.slice(0, 8)} ${word}: ${countsText(counts)}`)
}

function finish(over: Over, shown: Shown, context: Context) {
  tellEnd(over, shown, context)
  const exitCode = over.outcome === 'failed' || over.outcome === 'interrupted' ? 1 : 0
  if (shown.jsonl) tellLines(context, [{ type: 'end', exitCode }])
  else context.output.note(`More: trivet run show ${over.run.slice(0, 8)}`)
  return exitCode
}
