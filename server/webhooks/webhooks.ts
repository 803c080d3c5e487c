import { createSending } from './sending.ts'
import { type Patience, type TroubleParts, Troubles } from './troubles.ts'

export interface HookTimes extends Patience {
  /** How long after each attempt the next one comes; after the last one a delivery is dead. */
  retriesMs: number[]
}

const second = 1000
const minute = 60 * second
const hour = 60 * minute
const usual: HookTimes = {
  offlineMs: 5 * minute,
  pendingMs: minute,
  retriesMs: [5 * second, 30 * second, 2 * minute, 10 * minute, 30 * minute, 2 * hour, 6 * hour, 12 * hour],
}

export type Webhooks = ReturnType<typeof createWebhooks>

/** Tells others what happens to nodes: decided, stored with its deliveries, sent. */
export function createWebhooks(parts: TroubleParts, times: Partial<HookTimes> = {}) {
  const { retriesMs, ...patience } = { ...usual, ...times }
  const sending = createSending(parts, retriesMs)
  const wake = () => void sending.wake().catch(parts.failed)
  const troubles = new Troubles(parts, patience, wake)
  const looks = setInterval(() => troubles.look(), Math.min(5 * second, ...Object.values(patience)))
  looks.unref()
  return {
    wake,
    /** The webhooks are others than before. */
    reload: async () => {
      await troubles.reload()
      wake()
    },
    begin: async () => {
      await troubles.begin()
      wake()
    },
    close: async () => {
      clearInterval(looks)
      await sending.close()
    },
  }
}
