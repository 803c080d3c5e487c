import { isFinal, type Order, type OrderUpdate, type Target } from '../protocol/views.ts'
import type { OrderState } from './order-state.ts'
import { paintWord, type Paint } from './paint.ts'
import { countsText, subjectOf } from './run-text.ts'

/** A line for each node, at most `rows`: those at work come first where not all fit. */
export function frame({ order, progress }: OrderState, rows: number, paint: Paint) {
  const width = Math.max(0, ...order.targets.map(({ node }) => node.length))
  const lineOf = (target: Target) => {
    const { done, total, latest } = progress[target.node] ?? {}
    const counted = total === undefined ? '' : `${done}/${total}`
    const now = isFinal(target.state) ? resultOf(target) : latest ? subjectOf(latest) : ''
    const state = paintWord(paint, target.state, stateWord(order, target).padEnd(11))
    return `${target.node.padEnd(width)}  ${state}  ${counted.padStart(9)}  ${now}`.trimEnd()
  }
  if (order.targets.length <= rows) return order.targets.map(lineOf)
  const shown = order.targets.toSorted((a, b) => urgency(b) - urgency(a)).slice(0, rows - 1)
  const hidden = order.targets.filter((target) => !shown.includes(target))
  return [...shown.map(lineOf), `and ${hidden.length} more: ${tally(order, hidden)}`]
}

function urgency({ state }: Target) {
  if (state === 'started') return 3
  if (state === 'converged') return 0
  return isFinal(state) ? 2 : 1
}

/** What is worth a line of its own where lines cannot be redrawn. */
export function newLines(before: OrderState, update: OrderUpdate, paint: Paint): string[] {
  if (update.type === 'target') return targetLines(before.order, update.target, paint)
  if (update.type === 'order') return update.order.targets.flatMap((target) => targetLines(before.order, target, paint))
  return update.events.flatMap((event) => {
    if (event.outcome === 'unchanged') return []
    const why = event.outcome === 'failed' ? event.error : 'reason' in event ? event.reason : ''
    const text = `${update.node}: ${paintWord(paint, event.outcome)} ${subjectOf(event)}`
    return [why ? `${text}: ${why.split('\n')[0]}` : text]
  })
}

function targetLines(order: Order, target: Target, paint: Paint) {
  const before = order.targets.find(({ node }) => node === target.node)
  if (before?.state === target.state) return []
  const result = isFinal(target.state) ? resultOf(target) : ''
  const state = paintWord(paint, target.state, stateWord(order, target))
  return [`${target.node}: ${state}${result ? ` (${result})` : ''}`]
}

/** In a plan nothing has converged: it is planned. */
export function stateWord({ mode }: Pick<Order, 'mode'>, { state }: Target) {
  return mode === 'plan' && state === 'converged' ? 'planned' : state
}

/** Why a target is as it is, or what its run did. */
export function resultOf({ reason, counts }: Target) {
  return [reason, counts && countsText(counts)].filter(Boolean).join('; ')
}

/** `2 converged, 1 failed`. */
export function tally(order: Pick<Order, 'mode'>, targets: Target[]) {
  const counts = new Map<string, number>()
  for (const target of targets) {
    const word = stateWord(order, target)
    counts.set(word, (counts.get(word) ?? 0) + 1)
  }
  return [...counts].map(([word, count]) => `${count} ${word}`).join(', ')
}

/** `3 nodes: 2 converged, 1 failed. 4 resources changed.` */
export function summaryOf(order: Order) {
  const { targets, mode } = order
  const sum = (count: 'changed' | 'wouldChange') =>
    targets.reduce((total, { counts }) => total + (counts?.[count] ?? 0), 0)
  const changed = mode === 'plan' ? sum('wouldChange') : sum('changed')
  const nodes = `${targets.length} ${targets.length === 1 ? 'node' : 'nodes'}`
  const resources = `${changed} ${changed === 1 ? 'resource' : 'resources'}`
  return `${nodes}: ${tally(order, targets)}. ${resources} ${mode === 'plan' ? 'would change' : 'changed'}.`
}
