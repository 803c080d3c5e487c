import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { Order } from '../protocol/views.ts'
import { CommandError } from './command.ts'
import { Unreachable } from './connection.ts'
import type { Context } from './context.ts'
import { countOf } from './order-text.ts'
import { noteSourceErrors } from './source-errors.ts'

interface Given extends Order {
  sourceErrors: string[]
}

const retryMs = 500
const mostTries = 30

/**
 * Where the connection is cut, nobody knows whether the order was given: it is asked for again under the same key, so that
 * there is one of it. A server that was not reached at all is told at once.
 */
export async function giveOrder(
  { output }: Context,
  give: (once: { idempotencyKey: string }) => Promise<Given>,
): Promise<Given> {
  const once = { idempotencyKey: randomUUID() }
  let wasSent = false
  for (let tries = 1; ; tries++) {
    try {
      const order = await give(once)
      noteSourceErrors(order.sourceErrors, output)
      return order
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error
      if (error.wasSent && !wasSent) output.note(`${error.message} Asking again for the same order.`)
      wasSent ||= error.wasSent
      if (!wasSent) throw error
      if (tries === mostTries)
        throw new CommandError(`${error.message} Whether the order was given, trivet order list will tell.`, {
          cause: error,
        })
      await pause(retryMs)
    }
  }
}

/** What was ordered, and how to go on. */
export function tellOrder(order: Order, asJson: boolean, { output }: Context) {
  if (asJson) output.json(order)
  else output.line(order.id)
  output.note(`Ordered from ${countOf(order.targets.length, 'node')}. Follow it: trivet order show ${order.id} --wait`)
  return 0
}
