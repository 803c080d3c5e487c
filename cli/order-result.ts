import { api } from '../protocol/api.ts'
import type { Counts, ResourceEvent } from '../protocol/events.ts'
import type { Order, StoredRun, Target } from '../protocol/views.ts'
import type { Client } from './api-client.ts'
import type { Context } from './context.ts'
import { exitCodeOf } from './order-state.ts'
import { resultOf, stateWord, summaryOf } from './order-text.ts'
import { paintWord, type Paint } from './paint.ts'
import { eventLines } from './run-text.ts'
import { took } from './time.ts'
import { endLine, tellLines } from './told-lines.ts'
import { waitForOrder } from './wait-for-order.ts'

interface RunWithEvents {
  run: StoredRun
  events: ResourceEvent[]
}

/** Waits for the order, prints what came of it and gives the exit code. */
export async function finishOrder(
  client: Client,
  started: Order,
  { detailed, json, jsonl }: { detailed: boolean; json: boolean; jsonl: boolean },
  context: Context,
) {
  const order = await waitForOrder(client, started, { json, jsonl }, context)
  if (!order) {
    const { id } = started
    context.output.note(
      `The order goes on. Follow it: trivet order show ${id} --wait; stop it: trivet order cancel ${id}`,
    )
    return 130
  }
  const exitCode = exitCodeOf(order, { detailed })
  if (jsonl) {
    tellLines(context, [endLine(order.id, order.targets, exitCode)])
    return exitCode
  }
  const runs = await readRuns(client, order.targets.filter(isWorthReading))
  if (json) context.output.json(order.mode === 'plan' ? { order, runs: [...runs.values()] } : order)
  else printResult(order, runs, context)
  return exitCode
}

/** A run in which nothing happened has nothing to show beyond its counts. */
function isWorthReading({ run, outcome, counts }: Target) {
  return run !== null && (outcome !== 'unchanged' || (counts !== null && counts.deferred > 0))
}

/** By the node's name. */
async function readRuns(client: Client, targets: Target[]) {
  const runs = new Map<string, RunWithEvents>()
  for (const { node, run } of targets) if (run) runs.set(node, await client.call(api.readRun, { id: run }))
  return runs
}

/** A plan is printed in full, of a converge what failed and what has to wait; what it changed is a `run show` away. */
function printResult(order: Order, runs: Map<string, RunWithEvents>, context: Context) {
  printDetails(order, runs, context)
  context.output.table(resultRows(order, context.paint))
  context.output.line(summaryOf(order))
  noteNext(order, context)
}

/** How to go on from a plan, or from one that is none any more. */
function noteNext({ mode, plan: wanted, targets }: Order, { output }: Context) {
  const [target, ...others] = targets
  if (!target || others.length > 0) return
  const { node, state, plan } = target
  if (mode === 'plan' && plan && target.outcome === 'would-change')
    output.note(`Converge by just this plan: trivet converge ${node} --wait --plan ${plan}`)
  if (wanted && (state === 'refused' || state === 'failed'))
    output.note(`See what it would do now: trivet plan ${node}`)
}

function resultRows(order: Order, paint: Paint): Record<string, string>[] {
  const { targets, mode } = order
  const some = (count: keyof Counts) => targets.some(({ counts }) => counts && counts[count] > 0)
  const columns = [
    ...(mode === 'converge' ? [['changed', 'changed'] as const] : []),
    ...(mode === 'plan' || some('wouldChange') ? [['would change', 'wouldChange'] as const] : []),
    ...(some('deferred') ? [['deferred', 'deferred'] as const] : []),
    ...(mode === 'upgrade' ? [] : [['failed', 'failed'] as const]),
  ]
  const someReason = targets.some(({ reason }) => reason !== null)
  const somePlan = targets.some(({ plan }) => plan !== undefined)
  return targets.map((target) => ({
    node: target.node,
    state: paintWord(paint, target.state, stateWord(order, target)),
    ...Object.fromEntries(columns.map(([title, count]) => [title, countOf(target, count)])),
    took: took(target.at - order.createdAt),
    ...(somePlan ? { plan: target.plan ?? '' } : {}),
    ...(someReason ? { why: target.reason ?? '' } : {}),
  }))
}

/** What is not known is not 0. */
function countOf({ counts }: Target, name: keyof Counts) {
  return counts ? String(counts[name]) : '-'
}

function printDetails(order: Order, runs: Map<string, RunWithEvents>, { output, paint }: Context) {
  for (const target of order.targets) {
    const found = runs.get(target.node)
    if (!found) continue
    const failed = target.state !== 'converged'
    const words = failed ? ['failed', 'deferred'] : ['deferred']
    const shown = found.events.filter(({ outcome }) => order.mode === 'plan' || words.includes(outcome))
    if (order.mode !== 'plan' && !failed && shown.length === 0) continue
    const state = paintWord(paint, target.state, stateWord(order, target))
    output.line(`${paint('bold', target.node)}: ${state}${resultOf(target) ? `, ${resultOf(target)}` : ''}`)
    for (const line of shown.flatMap((event) => eventLines(event, paint, { diff: order.mode === 'plan' }))) {
      output.line(`  ${line}`)
    }
    if (found.run.error) output.line(`  ${found.run.error}`)
    output.line('')
    if (failed) output.note(`More: trivet run show ${found.run.id.slice(0, 8)}`)
  }
}
