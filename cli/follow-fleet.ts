import { setTimeout as pause } from 'node:timers/promises'
import { api } from '../protocol/api.ts'
import type { FeedEvent } from '../protocol/api/feed.ts'
import type { Client } from './api-client.ts'
import { Unreachable } from './connection.ts'
import type { Context } from './context.ts'

const retryMs = 1000

/** What happens in the fleet, until Ctrl-C. After a lost connection it goes on where it was. */
export async function* followFleet(
  client: Client,
  signal: AbortSignal,
  { output }: Context,
): AsyncGenerator<FeedEvent> {
  let after: string | undefined
  let isLost = false
  while (!signal.aborted) {
    try {
      for await (const event of client.watch(api.watchFleet, { after }, signal)) {
        ;[after, isLost] = [event.id, false]
        yield event
      }
    } catch (error) {
      if (signal.aborted) return
      if (!(error instanceof Unreachable)) throw error
      if (!isLost) output.note(`${error.message} Trying again.`)
      isLost = true
    }
    await pause(retryMs, undefined, { signal }).catch(() => undefined)
  }
}
