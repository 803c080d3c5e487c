import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { api } from '../../protocol/api.ts'
import { Name } from '../../protocol/name.ts'
import { cannotBecomeReady, heldBy, whyNotReady } from '../../protocol/node-ready.ts'
import type { NodeSummary } from '../../protocol/views.ts'
import type { Client } from '../api-client.ts'
import { CommandError, UsageError } from '../command.ts'
import { Unreachable } from '../connection.ts'
import type { Context } from '../context.ts'
import { command, json, jsonFlag, jsonl, jsonlFlag } from '../options.ts'
import { countOf } from '../order-text.ts'
import type { Screen } from '../screen.ts'
import { tellLines } from '../told-lines.ts'
import { Duration } from '../time.ts'

/** Between two looks. */
const everyMs = 1000

export const nodeWait = command({
  usage: 'node wait [NODE...|--all] [--for DURATION] [--json] [--jsonl]',
  summary: 'Wait until nodes are as they should be: converged to their newest catalog, and nothing owed or waited for.',
  details: `An order is over when each node has made its run; a node that waits at a gate or for a lease goes on by itself after that. This waits for the
end of it. A node that failed, or is disabled for good before it is as it should be, ends the wait at once, with 1, as does the time; a server that goes meanwhile does not.`,
  flags: { all: { type: 'boolean' }, for: { type: 'string' }, ...jsonFlag, ...jsonlFlag },
  options: z.object({
    operands: z.array(Name),
    all: z.boolean().default(false).describe('All nodes that there are.'),
    for: Duration.prefault('30m').describe('How long at most: 90s, 10m, 2h; 30m if not said.'),
    json,
    jsonl,
  }),

  async run({ operands: names, all, for: patienceMs, json: asJson, jsonl: asLines }, context) {
    if (all === names.length > 0) throw new UsageError('name nodes, or say --all')
    const client = await context.api()
    const screen = await context.screen({ quiet: asJson || asLines })
    try {
      return await wait(client, { names, until: context.now() + patienceMs, asJson, asLines }, screen, context)
    } finally {
      screen.clear()
    }
  },
})

interface Asked {
  names: string[]
  until: number
  asJson: boolean
  asLines: boolean
}

async function wait(client: Client, asked: Asked, screen: Screen, context: Context) {
  const interrupted = context.interrupted()
  const said = new Map<string, string>()
  const look = looks(client, context)
  while (!interrupted.aborted) {
    const found = await look(asked.until)
    if (found !== undefined) {
      const nodes = chosen(found, asked.names)
      for (const node of nodes) tellNews(node, said, asked, context)
      const waitedFor = nodes.filter((node) => whyNotReady(node) !== undefined)
      if (waitedFor.length === 0) return finish(nodes, asked, context)
      await giveUpOn(waitedFor, client, asked, context)
      const ready = nodes.length - waitedFor.length
      screen.draw([
        `${ready} of ${countOf(nodes.length, 'node')} ${ready === 1 ? 'is as it' : 'are as they'} should be`,
      ])
    }
    await delay(everyMs, undefined, { signal: interrupted }).catch(() => undefined)
  }
  return 130
}

function tellNews(node: NodeSummary, said: Map<string, string>, { asLines }: Asked, context: Context) {
  const { name, state } = node
  const why = whyNotReady(node) ?? null
  const news = why === null ? 'as it should be' : shortly(why)
  if (news === said.get(name)) return
  said.set(name, news)
  if (asLines) tellLines(context, [{ type: 'node', node: name, ready: why === null, state, why }])
  else context.output.note(`${name}: ${news}`)
}

/** Throws where waiting longer is of no use, or was not asked for. */
async function giveUpOn(nodes: NodeSummary[], client: Client, { until, asLines }: Asked, context: Context) {
  const failed = nodes.filter(cannotBecomeReady)
  const isLate = context.now() > until
  if (failed.length === 0 && !isLate) return
  if (asLines) tellLines(context, [{ type: 'end', exitCode: 1 }])
  if (failed.length > 0)
    throw new CommandError((await Promise.all(failed.map((node) => whyFailed(node, client)))).join('\n'))
  throw new CommandError(`waited in vain for ${nodes.map((node) => `${node.name}: ${whyNotReady(node)}`).join('; ')}`)
}

function finish(nodes: NodeSummary[], { asJson, asLines }: Asked, context: Context) {
  if (asLines) tellLines(context, [{ type: 'end', exitCode: 0 }])
  else if (asJson) context.output.json(nodes)
  return 0
}

/** All nodes; undefined while the server is away, once it has answered before. */
function looks(client: Client, { now, output }: Context) {
  let hasAnswered = false
  let told = ''
  return async (until: number) => {
    try {
      const nodes = await client.list(api.listNodes, {})
      hasAnswered = true
      told = ''
      return nodes
    } catch (error) {
      if (!(error instanceof Unreachable) || !hasAnswered || now() > until) throw error
      if (error.message !== told) output.note(`${error.message} Asked again until it answers.`)
      told = error.message
      return undefined
    }
  }
}

/** At which gates it waits, without what is still missing there: that changes by the second. */
function shortly(reason: string) {
  const gates = reason.match(/gate\[[^\]]*\]/g)
  return gates ? `pending at ${gates.join(', ')}` : reason
}

function chosen(nodes: NodeSummary[], names: string[]) {
  if (names.length === 0 && nodes.length === 0)
    throw new CommandError('there is no node to wait for: none has joined yet. To let one join: trivet token create')
  if (names.length === 0) return nodes
  const byName = new Map(nodes.map((node) => [node.name, node]))
  return names.map((name) => {
    const node = byName.get(name)
    if (!node) throw new CommandError(`there is no node ${name}`)
    return node
  })
}

async function whyFailed({ name, state, reason, disabled, lastRun }: NodeSummary, client: Client) {
  if (disabled) return `${name}: ${heldBy(disabled)}. Next: trivet node enable ${name}`
  if (reason !== null || !lastRun) return `${name}: ${state}: ${reason}`
  const { run, events } = await client.call(api.readRun, { id: lastRun.id })
  const errors = events.flatMap((event) => (event.outcome === 'failed' ? [`${event.id}: ${event.error}`] : []))
  return [...errors, ...(run.error === undefined ? [] : [run.error])].map((text) => `${name}: ${text}`).join('\n')
}
