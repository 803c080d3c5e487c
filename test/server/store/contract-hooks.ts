import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HookBody } from '../../../protocol/hooks.ts'
import type { Store } from '../../../server/store/store.ts'
import { by, enrolled, type Open } from './enrolled.ts'

const webhook = {
  name: 'pager',
  url: 'https://pager.example/secret-path',
  secret: 'whsec_YWJj',
  kinds: ['failed' as const],
  clusters: null,
  enabled: true,
  ...by,
}
const body: HookBody = {
  id: '',
  kind: 'failed',
  at: 50,
  node: { name: 'n1', cluster: 'default' },
  reason: 'no disk',
}

async function told(store: Store, node: string, more: Partial<Parameters<Store['tell']>[0]> = {}) {
  const trouble = { node, kind: 'failed' as const, since: 50, what: 'a run' }
  await store.tell({ trouble, over: false, body, webhooks: ['pager'], ...more })
}

/** What a store promises of webhooks and what they are told. */
export function hooksContract(open: Open) {
  test('keeps webhooks, tells no list and no audit their secrets, and takes a name once', async (t) => {
    const store = await open(t)
    assert.equal(await store.createWebhook(webhook, by), true)
    assert.equal(await store.createWebhook({ ...webhook, url: 'https://other.example' }, by), false)
    const { secret, ...seen } = webhook
    assert.deepEqual(await store.listWebhooks(), [seen])
    assert.equal(await store.switchWebhook('pager', false, by), true)
    assert.equal(await store.switchWebhook('nobody', false, by), false)
    assert.equal((await store.listWebhooks())[0]?.enabled, false)
    assert.equal(await store.deleteWebhook('pager', by), true)
    assert.equal(await store.deleteWebhook('pager', by), false)
    const audit = JSON.stringify(await store.findAudit({ limit: 10 }))
    assert(!audit.includes(secret) && !audit.includes('secret-path'), audit)
    assert.match(audit, /delete-webhook.*switch-webhook.*create-webhook/)
  })

  test('keeps a trouble until it is over, with what is to be told of it', async (t) => {
    const store = await open(t)
    const [node] = await enrolled(store, 'n1')
    await store.createWebhook(webhook, by)
    await told(store, node)
    assert.deepEqual(await store.readTroubles(), [{ node, kind: 'failed', since: 50, what: 'a run' }])
    const [due, ...others] = await store.dueDeliveries('pager', 50, 10)
    assert(due && others.length === 0)
    const { id, url, secret } = due
    assert.deepEqual([url, secret, due.node, due.state], [webhook.url, webhook.secret, 'n1', 'waiting'])
    assert.deepEqual(JSON.parse(due.body), { ...body, id })
    assert.deepEqual(await store.dueDeliveries('pager', 49, 10), [])
    await told(store, node, { over: true, webhooks: [] })
    assert.deepEqual(await store.readTroubles(), [])
  })

  test('lets a delivery wait, die and be tried again, and logs each attempt', async (t) => {
    const store = await open(t)
    const [node] = await enrolled(store, 'n1')
    await store.createWebhook(webhook, by)
    await told(store, node)
    await told(store, node)
    const [first, second] = await store.dueDeliveries('pager', 50, 10)
    assert(first && second)
    const refused = { at: 60, ms: 5, status: 500, error: 'the receiver answered 500' }
    await store.attempted(first.id, refused, { state: 'waiting', nextAt: 90 })
    await store.attempted(second.id, { at: 61, ms: 1, status: 200, error: null }, { state: 'delivered', nextAt: 61 })
    assert.deepEqual(await store.dueDeliveries('pager', 89, 10), [])
    assert.equal(await store.nextDelivery('pager'), 90)
    await store.attempted(first.id, { ...refused, at: 90 }, { state: 'dead', nextAt: 90 })
    assert.equal(await store.countWaiting(), 0)

    const log = await store.findDeliveries({ webhook: 'pager', limit: 10 })
    assert.deepEqual(
      log.map(({ id, state, attempts }) => [id, state, attempts.map(({ at }) => at)]),
      [
        [second.id, 'delivered', [61]],
        [first.id, 'dead', [60, 90]],
      ],
    )
    assert.deepEqual(
      (await store.findDeliveries({ state: 'dead', limit: 1 })).map(({ id }) => id),
      [first.id],
    )
    assert.deepEqual(
      (await store.findDeliveries({ limit: 10, after: log[0]?.seq })).map(({ id }) => id),
      [first.id],
    )
    assert.deepEqual(
      (await store.findDeliveries({ limit: 10, sort: 'createdAt', after: log[1]?.seq })).map(({ id }) => id),
      [second.id],
    )
    assert.equal(await store.retryDead('pager', by), 1)
    assert.deepEqual(
      (await store.dueDeliveries('pager', by.at, 10)).map(({ id }) => id),
      [first.id],
    )
    await store.switchWebhook('pager', false, by)
    assert.deepEqual(await store.dueDeliveries('pager', by.at, 10), [])
  })
}
