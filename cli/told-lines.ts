import type { Counts, ResourceEvent, Run } from '../protocol/events.ts'
import {
  isFinal,
  type OrderMode,
  type OrderSummary,
  type OrderUpdate,
  statesOf,
  type Target,
} from '../protocol/views.ts'
import type { Context } from './context.ts'
import type { OrderState } from './order-state.ts'

/**
 * One line of a stream (`--jsonl`). What is here stays; more fields may come. `order` is the id of the order, `run` that of
 * the run, `event` what `run show --json` has of a resource.
 */
export type ToldLine =
  | { type: 'order'; order: string; mode: OrderMode; nodes: number }
  | ({ type: 'target'; order: string } & Pick<Target, 'node' | 'state' | 'reason' | 'run' | 'outcome' | 'counts'>)
  | {
      type: 'resource'
      node: string
      order: string | null
      run: string | null
      done: number
      total: number
      resource: string
      outcome: ResourceEvent['outcome']
      event: ResourceEvent
    }
  | { type: 'run'; node: string; run: string; mode: Run['mode']; outcome: Run['outcome']; counts: Counts }
  | { type: 'node'; node: string; ready: boolean; state: string; why: string | null }
  | { type: 'end'; exitCode: number; order?: string; states?: OrderSummary['states'] }

/** Prints such lines, each with when it was told. */
export function tellLines({ output, now }: Context, lines: ToldLine[]) {
  output.jsonl(lines.map(({ type, ...rest }) => ({ type, at: now(), ...rest })))
}

/** What an update of an order tells that was not known before. */
export function linesOfUpdate({ order }: OrderState, update: OrderUpdate): ToldLine[] {
  if (update.type === 'target') return targetLines(order.targets, order.id, update.target)
  if (update.type === 'order') return update.order.targets.flatMap((one) => targetLines(order.targets, order.id, one))
  const { node, done, total, events } = update
  const run = update.run ?? order.targets.find((target) => target.node === node)?.run ?? null
  return resourceLines({ node, order: order.id, run, done, total, events })
}

function targetLines(before: Target[], order: string, target: Target): ToldLine[] {
  const { node, state, reason, run, outcome, counts } = target
  if (before.find((one) => one.node === node)?.state === state) return []
  return [{ type: 'target', order, node, state, reason, run, outcome, counts }]
}

interface Told {
  node: string
  order: string | null
  run: string | null
  done: number
  total: number
  events: ResourceEvent[]
}

/** Of those that are not as they should be, as they are looked at. */
export function resourceLines({ events, ...told }: Told): ToldLine[] {
  const noted = events.filter(({ outcome }) => outcome !== 'unchanged')
  return noted.map((event) => ({ type: 'resource', ...told, resource: event.id, outcome: event.outcome, event }))
}

export function endLine(order: string, targets: Target[], exitCode: number): ToldLine {
  return { type: 'end', exitCode, order, states: statesOf(targets) }
}

/** The first lines of an order's stream: what was known of it when it began. */
export function beginLines({ id, mode, targets }: { id: string; mode: OrderMode; targets: Target[] }): ToldLine[] {
  const final = targets.filter(({ state }) => isFinal(state))
  return [
    { type: 'order', order: id, mode, nodes: targets.length },
    ...final.flatMap((target) => targetLines([], id, target)),
  ]
}
