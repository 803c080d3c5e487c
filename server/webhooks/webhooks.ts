import { whyNotTo } from './link-local.ts'
import { createSending, type SendingSettings } from './sending.ts'
import { type Patience, type TroubleParts, Troubles } from './troubles.ts'

export type HookSettings = Patience & SendingSettings

const second = 1000
const minute = 60 * second
const hour = 60 * minute
const usual: HookSettings = {
  offlineMs: 5 * minute,
  pendingMs: minute,
  retriesMs: [5 * second, 30 * second, 2 * minute, 10 * minute, 30 * minute, 2 * hour, 6 * hour, 12 * hour],
  linkLocal: false,
}

export type Webhooks = ReturnType<typeof createWebhooks>

/** Tells others what happens to nodes: decided, stored with its deliveries, sent. */
export function createWebhooks(parts: TroubleParts, settings: Partial<HookSettings> = {}) {
  const { retriesMs, linkLocal, ...patience } = { ...usual, ...settings }
  const sending = createSending(parts, { retriesMs, linkLocal })
  const wake = () => void sending.wake().catch(parts.failed)
  const troubles = new Troubles(parts, patience, wake)
  const looks = setInterval(() => troubles.look(), Math.min(5 * second, ...Object.values(patience)))
  looks.unref()
  return {
    wake,
    /** Why none may be there; a name is looked at when it is resolved. */
    whyNotAt: (url: string) => (linkLocal ? undefined : whyNotTo(new URL(url).hostname)),
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
