import type { Order } from '../protocol/views.ts'
import type { Client } from './api-client.ts'
import type { Context } from './context.ts'
import { followOrder } from './follow-order.ts'
import { applyUpdate, type OrderState } from './order-state.ts'
import { doneText, frame, newLines } from './order-text.ts'
import { makeThrottle } from './throttle.ts'
import { beginLines, linesOfUpdate, tellLines } from './told-lines.ts'

/** Shows the order's progress until it is over. Undefined when the operator would not wait any longer. */
export async function waitForOrder(
  client: Client,
  started: Order,
  { json, jsonl }: { json: boolean; jsonl: boolean },
  context: Context,
): Promise<Order | undefined> {
  const { output } = context
  const screen = await context.screen({ quiet: json || jsonl })
  const signal = context.interrupted()
  let state: OrderState = { order: started, progress: {} }
  const lines = () => [doneText(state.order), ...frame(state, screen.rows() - 2, screen.paint)]
  const draw = makeThrottle(100, () => screen.draw(lines()))
  const following = { signal, now: context.now, retryMs: 1000, onLost: makeLost(context) }
  try {
    if (jsonl) tellLines(context, beginLines(started))
    if (screen.live) draw()
    for await (const update of followOrder(client, started, following)) {
      if (jsonl) tellLines(context, linesOfUpdate(state, update))
      else if (!screen.live) newLines(state, update, screen.paint).forEach((line) => output.note(line))
      state = applyUpdate(state, update)
      if (screen.live) draw()
    }
    draw.flush()
    screen.clear()
    return state.order
  } catch (error) {
    if (signal.aborted) return undefined
    throw error
  } finally {
    draw.flush()
    screen.keep()
  }
}

/** Says it once for each time that the connection is lost for a reason not said before. */
function makeLost({ output }: Context) {
  let said = ''
  return ({ message }: Error) => {
    if (message === said) return
    said = message
    output.note(`${message} Trying again; the order goes on meanwhile.`)
  }
}
