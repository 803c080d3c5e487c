import type { Counts } from '../protocol/events.ts'
import { isFinal, type Order, type OrderSummary, type OrderUpdate, type Target } from '../protocol/views.ts'
import type { OrderState } from './order-state.ts'
import { paintWord, type Paint } from './paint.ts'
import { countsText, notedSubject, subjectOf, whyOf } from './run-text.ts'

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
    const why = whyOf(event)
    const text = `${update.node}: ${paintWord(paint, event.outcome)} ${notedSubject(event, paint)}`
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

/** In a plan nothing has converged: it is planned. Neither has it where all that differed was only looked at, or has to wait. */
export function stateWord({ mode }: Pick<Order, 'mode'>, { state, outcome, counts }: Target) {
  if (state !== 'converged') return state
  if (mode === 'plan') return 'planned'
  if (mode === 'upgrade') return 'upgraded'
  if (outcome !== 'would-change') return state
  return counts && counts.deferred > 0 ? 'deferred' : 'audited'
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

/** The same of an order in a list. */
export function tallyOfStates({ mode, states }: OrderSummary) {
  const done = { plan: 'planned', upgrade: 'upgraded', converge: 'converged' }[mode]
  const wordOf = (state: string) => (state === 'converged' ? done : state)
  return Object.entries(states)
    .map(([state, count]) => `${count} ${wordOf(state)}`)
    .join(', ')
}

/** `3 nodes: 2 converged, 1 failed. 4 resources changed, 1 would change.` */
export function summaryOf(order: Order) {
  const { targets, mode } = order
  const sum = (count: keyof Counts) => targets.reduce((total, { counts }) => total + (counts?.[count] ?? 0), 0)
  const [changed, would, deferred] = [sum('changed'), sum('wouldChange'), sum('deferred')]
  if (mode === 'upgrade') return `${countOf(targets.length, 'node')}: ${tally(order, targets)}.`
  const said = [
    mode === 'plan' ? `${countOf(would, 'resource')} would change` : `${countOf(changed, 'resource')} changed`,
    ...(mode !== 'plan' && would > 0 ? [`${would} would change`] : []),
    ...(deferred > 0 ? [`${deferred} deferred`] : []),
  ]
  return `${countOf(targets.length, 'node')}: ${tally(order, targets)}. ${said.join(', ')}.`
}

/** `2 of 5 nodes are done`. */
export function doneText({ targets }: Order) {
  const done = targets.filter(({ state }) => isFinal(state)).length
  return `${done} of ${countOf(targets.length, 'node')} ${done === 1 ? 'is' : 'are'} done`
}

/** `1 node`, `3 nodes`. */
export function countOf(count: number, noun: string) {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
