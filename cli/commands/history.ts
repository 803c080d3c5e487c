import { z } from 'zod'
import { api } from '../../protocol/api.ts'
import { RunMode } from '../../protocol/events.ts'
import type { Activity, RunComparison, TimelineItem } from '../../protocol/history.ts'
import { Name } from '../../protocol/name.ts'
import type { Command } from '../command.ts'
import type { Context } from '../context.ts'
import { listFlags, listOptions, listUsage, printList, shownFlags, shownOptions, shownUsage } from '../list.ts'
import { command, json, jsonFlag, limit, oneNode } from '../options.ts'
import { paintWord } from '../paint.ts'
import { countsText, eventLines } from '../run-text.ts'
import { relative, Since } from '../time.ts'

const activity = command({
  usage: `run activity [--node NODE] [--cluster C] [--mode MODE] [--since TIME] [--until TIME] ${shownUsage}`,
  summary: 'How many runs ended in each hour, by outcome; times are UTC.',
  flags: {
    node: { type: 'string' },
    cluster: { type: 'string' },
    mode: { type: 'string' },
    since: { type: 'string' },
    until: { type: 'string' },
    ...shownFlags,
  },
  options: z.object({
    node: Name.optional().describe('Only runs of this node.'),
    cluster: Name.optional().describe('Only runs of nodes in this cluster.'),
    mode: RunMode.optional().describe('Only runs of this mode: converge, plan.'),
    since: Since.optional().describe('Only runs that ended since then: 30d, 12h, 2026-11-01; 7d if not said.'),
    until: Since.optional().describe('Only runs that ended before: 1d, 2026-11-08T12:00.'),
    ...shownOptions,
  }),

  async run({ json: asJson, jsonl: asLines, since, until, ...asked }, context) {
    const now = context.now()
    const input = { ...asked, from: since?.(now), to: until?.(now) }
    const hours = await (await context.api()).call(api.readActivity, input)
    const row = ({ hour, outcome, runs, drifted }: Activity) => ({
      hour: new Date(hour).toISOString().slice(0, 16),
      outcome: paintWord(context.paint, outcome),
      runs: String(runs),
      drifted: String(drifted),
    })
    printList(hours, { json: asJson, jsonl: asLines, row, empty: 'No run ended in that time.' }, context)
  },
})

const diffRuns = command({
  usage: 'run diff RUN RUN [--diff] [--json]',
  summary: 'What two runs did differently. Each RUN may be cut short.',
  flags: { diff: { type: 'boolean' }, ...jsonFlag },
  options: z.object({
    operands: z.tuple([z.string().min(4, 'at least four letters of its id'), z.string().min(4)]),
    diff: z.boolean().default(false).describe('Also how texts changed, line by line.'),
    json,
  }),

  async run({ operands: [id, other], diff, json: asJson }, context) {
    const compared = await (await context.api()).call(api.compareRuns, { id, with: other })
    if (asJson) return context.output.json(compared)
    printRuns(compared, diff, context)
  },
})

function printRuns({ runs, items }: RunComparison, diff: boolean, { output, paint, now }: Context) {
  for (const [index, { id, node, outcome, finishedAt, counts }] of runs.entries())
    output.line(
      `${'-+'[index]} ${id.slice(0, 8)}  ${node}  ${paintWord(paint, outcome)}, ${relative(finishedAt, now())}: ${countsText(counts)}`,
    )
  const differing = items.filter(({ same }) => !same)
  for (const { events } of differing) {
    output.line('')
    for (const [index, event] of events.entries())
      if (event) for (const line of eventLines(event, paint, { diff })) output.line(`${'-+'[index]} ${line}`)
  }
  output.note(`${differing.length} differ, ${items.length - differing.length} were the same.`)
}

const diffNodes = command({
  usage: 'node diff NODE NODE [--json]',
  summary: 'What differs between two nodes: facts, roles, attributes and what their catalogs say.',
  flags: jsonFlag,
  options: z.object({ operands: z.tuple([Name, Name]), json }),

  async run({ operands: [node, other], json: asJson }, context) {
    const compared = await (await context.api()).call(api.compareNodes, { node, with: other })
    if (asJson) return context.output.json(compared)
    const { nodes, facts, roles, attributes, resources, same } = compared
    const row = (what: string, values: unknown[]) => ({
      what,
      // As of two runs; no two columns are called the same, whatever nodes are.
      [`- ${nodes[0]}`]: textOf(values[0]),
      [`+ ${nodes[1]}`]: textOf(values[1]),
    })
    context.output.table([
      ...facts.map(({ name, values }) => row(name, values)),
      ...(roles.join(' ') === '' || String(roles[0]) === String(roles[1]) ? [] : [row('roles', roles)]),
      ...attributes.map(({ name, values }) => row(name, values)),
      ...resources.flatMap(({ id, of, props }) => [
        ...(of === 'both' ? [] : [row(id, of === 'first' ? ['yes', null] : [null, 'yes'])]),
        ...props.map(({ name, values }) => row(`${id} ${name}`, values)),
      ]),
    ])
    context.output.note(`${resources.length} resources differ, ${same} are the same.`)
  },
})

function textOf(value: unknown) {
  if (value === null || value === undefined) return '-'
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}

const timeline = command({
  usage: `node timeline NODE [--limit N] [--after PLACE] ${listUsage}`,
  summary: 'What happened to a node and who did what to it.',
  flags: { limit: { type: 'string' }, after: { type: 'string' }, ...listFlags },
  options: z.object({
    operands: oneNode,
    limit: limit(50, 500),
    after: z.string().optional().describe('Go on there, as the page before says.'),
    ...listOptions(api.readTimeline),
  }),

  async run({ operands: [node], json: asJson, jsonl: asLines, ...page }, context) {
    const { items, next } = await (await context.api()).call(api.readTimeline, { node, ...page })
    const row = (item: TimelineItem) => ({ when: relative(item.at, context.now()), ...toldOf(item, context) })
    printList(items, { json: asJson, jsonl: asLines, row, empty: 'Nothing happened to it yet.' }, context)
    if (next !== null) context.output.note(`${page.sort === 'at' ? 'Newer' : 'Older'}: --after ${next}`)
  },
})

function toldOf(item: TimelineItem, { paint }: Context): { what: string; by: string; more: string } {
  if (item.type === 'run') {
    const { id, mode, outcome, trigger, counts, error } = item.run
    const what = `${mode} ${id.slice(0, 8)}`
    return { what, by: trigger, more: `${paintWord(paint, outcome)}: ${error?.split('\n')[0] ?? countsText(counts)}` }
  }
  if (item.type === 'order') {
    const { order, target } = item
    const reason = target.reason === null ? '' : `: ${target.reason}`
    return {
      what: `order ${order.id}`,
      by: order.author,
      more: `${order.mode}, ${paintWord(paint, target.state)}${reason}`,
    }
  }
  return { what: item.action, by: item.author, more: `${item.subject} ${textOf(item.after)}` }
}

export const runHistory: Command<Context>[] = [activity, diffRuns]
export const nodeHistory: Command<Context>[] = [diffNodes, timeline]
