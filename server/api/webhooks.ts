import type { HookBody } from '../../protocol/hooks.ts'
import { newHookSecret } from '../webhooks/sign.ts'
import type { ApiParts, Handlers } from './call.ts'
import { ApiFault } from './fault.ts'
import { unknown } from './find.ts'
import { keyAfter, pageAmong, pageFrom } from './pages.ts'

type WebhookCalls =
  | 'createWebhook'
  | 'listWebhooks'
  | 'switchWebhook'
  | 'deleteWebhook'
  | 'testWebhook'
  | 'listDeliveries'
  | 'readDelivery'
  | 'retryDeliveries'

export function webhookHandlers(parts: ApiParts): Pick<Handlers, WebhookCalls> {
  return { ...writing(parts), ...deliveries(parts) }
}

function writing(
  parts: ApiParts,
): Pick<Handlers, 'createWebhook' | 'listWebhooks' | 'switchWebhook' | 'deleteWebhook'> {
  const { store, webhooks } = parts
  return {
    async createWebhook({ name, url, kinds, clusters = null }, { by }) {
      const why = webhooks.whyNotAt(url)
      if (why !== undefined) throw new ApiFault('bad-input', `url: ${why}.`)
      const webhook = { name, url, kinds, clusters, enabled: true, ...by }
      const secret = newHookSecret()
      if (!(await store.createWebhook({ ...webhook, secret }, by)))
        throw new ApiFault(
          'webhook-taken',
          `There is a webhook ${name} already. Delete it first, or choose another name.`,
        )
      await webhooks.reload()
      return { ...webhook, secret }
    },
    async listWebhooks(page) {
      return pageAmong(await store.listWebhooks(), page, ({ name, at }, field) => [field === 'name' ? name : at, name])
    },
    async switchWebhook({ webhook: name, enabled }, { by }) {
      if (!(await store.switchWebhook(name, enabled, by))) throw await unknownWebhook(parts, name)
      await webhooks.reload()
      return findWebhook(parts, name)
    },
    async deleteWebhook({ webhook }, { by }) {
      if (!(await store.deleteWebhook(webhook, by))) throw await unknownWebhook(parts, webhook)
      await webhooks.reload()
      return { webhook }
    },
  }
}

function deliveries(
  parts: ApiParts,
): Pick<Handlers, 'testWebhook' | 'listDeliveries' | 'readDelivery' | 'retryDeliveries'> {
  const { store, webhooks, clock } = parts
  return {
    async testWebhook({ webhook }, { by }) {
      const { name } = await findWebhook(parts, webhook)
      const body: HookBody = { id: '', kind: 'test', at: clock(), node: null, reason: `asked for by ${by.author}` }
      const delivery = await store.queueTest(name, body)
      webhooks.wake()
      return delivery
    },
    async listDeliveries({ webhook, state, ...asked }) {
      if (webhook !== undefined) await findWebhook(parts, webhook)
      const [last] = keyAfter(asked, [0]) ?? []
      const after = typeof last === 'number' ? last : undefined
      const rows = await store.findDeliveries({ webhook, state, ...asked, after, limit: asked.limit + 1 })
      return pageFrom(rows, asked, ({ seq }) => [seq])
    },
    async readDelivery({ id }) {
      const delivery = await store.readDelivery(id)
      if (delivery) return delivery
      throw unknownDelivery(id)
    },
    async retryDeliveries({ webhook }, { by }) {
      const { name } = await findWebhook(parts, webhook)
      const count = await store.retryDead(name, by)
      webhooks.wake()
      return { deliveries: count }
    },
  }
}

async function findWebhook(parts: ApiParts, name: string) {
  const webhook = (await parts.store.listWebhooks()).find((one) => one.name === name)
  if (webhook) return webhook
  throw await unknownWebhook(parts, name)
}

async function unknownWebhook({ store }: ApiParts, name: string) {
  const all = await store.listWebhooks()
  return unknown(
    'webhook',
    name,
    all.map((one) => one.name),
  )
}

function unknownDelivery(id: string) {
  return new ApiFault('unknown-delivery', `There is no delivery ${id}. trivet webhook log shows the last ones.`)
}
