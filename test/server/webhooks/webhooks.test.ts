import assert from 'node:assert/strict'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Webhook } from 'standardwebhooks'
import { api } from '../../../protocol/api.ts'
import { HookBody } from '../../../protocol/hooks.ts'
import type { ResourceEvent } from '../../../protocol/events.ts'
import { changedFile, failedService } from '../../helpers/records.ts'
import { again, reportingAgent } from '../../helpers/reporting-agent.ts'
import { poorDisk } from '../../helpers/poor-disk.ts'
import { type Served, serve } from '../../helpers/test-server.ts'
import { until } from '../../helpers/until.ts'

const hooks = { offlineMs: 50, pendingMs: 50, retriesMs: [20, 20] }

/** A receiver that answers with these statuses in turn, the last one from then on. */
async function receiver(t: TestContext, ...statuses: number[]) {
  const got: { headers: IncomingHttpHeaders; body: string }[] = []
  const heard = { onGet: () => {} }
  async function take(request: IncomingMessage, response: ServerResponse) {
    got.push({ headers: request.headers, body: await text(request) })
    heard.onGet()
    response.writeHead(statuses[Math.min(got.length, statuses.length) - 1] ?? 200, { location: '/elsewhere' }).end()
  }
  const server = createServer((request, response) => {
    void take(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const address = server.address()
  assert(address && typeof address === 'object')
  // Several are under way at once.
  const told = () => got.map(({ body }) => HookBody.parse(JSON.parse(body))).toSorted((a, b) => a.at - b.at)
  return Object.assign(heard, { url: `http://127.0.0.1:${address.port}/trivet?key=k`, got, told })
}

type Receiver = Awaited<ReturnType<typeof receiver>>

function create({ client }: Served, { url }: Pick<Receiver, 'url'>, more: object = {}) {
  return client.call(api.createWebhook, { name: 'pager', url, ...more })
}

function kindsOf({ told }: Receiver) {
  return told().map(({ kind, node, reason }) => `${kind} ${node?.name}${kind === 'recovered' ? ` from ${reason}` : ''}`)
}

const drifted: ResourceEvent = Object.assign({}, changedFile, { cause: 'drift' as const })

test('tells once that a node fails, and that it has recovered, signed as the standard has it', async (t) => {
  const served = await serve(t, { hooks })
  const pager = await receiver(t)
  const agent = await reportingAgent(served, 'n1')
  const { secret } = await create(served, pager)
  const run = await agent.report({ outcome: 'failed' }, [failedService])
  await agent.report({ outcome: 'failed' }, [failedService])
  await agent.report({ outcome: 'unchanged' })
  await until('both are told', () => pager.got.length >= 2)
  assert.deepEqual(kindsOf(pager), ['failed n1', 'recovered n1 from failed'])
  const [failed] = pager.told()
  assert.deepEqual([failed?.run, failed?.resources], [run, ['service[nginx]']])
  assert.match(failed?.reason ?? '', /nginx exited with 1/)

  for (const { headers, body } of pager.got) {
    const signed = {
      'webhook-id': String(headers['webhook-id']),
      'webhook-timestamp': String(headers['webhook-timestamp']),
      'webhook-signature': String(headers['webhook-signature']),
    }
    assert.deepEqual(new Webhook(secret).verify(body, signed), JSON.parse(body))
    assert.throws(() => new Webhook(secret).verify(body.replace('n1', 'n2'), signed))
  }
  assert(!served.log.join('').includes('key=k') && !served.log.join('').includes(secret))
})

test('tells drift once as long as it is the same, and of a node that goes, waits, or does not compile', async (t) => {
  const served = await serve(t, { hooks })
  const pager = await receiver(t)
  const agent = await reportingAgent(served, 'n1')
  await create(served, pager)
  await agent.report({ outcome: 'changed' }, [drifted])
  await agent.report({ outcome: 'changed' }, [drifted])
  await until('drift is told', () => pager.got.length === 1)
  await agent.report({ outcome: 'unchanged' })
  await agent.report({ outcome: 'changed' }, [drifted])
  await until('new drift is told', () => pager.got.length === 2)

  agent.socket.close()
  await until('it is offline', () => pager.got.length === 3)
  await again(served, agent.keys)
  await until('it is back', () => pager.got.length === 4)
  await served.client.call(api.assignRoles, { node: 'n1', roles: ['pair'] })
  await until('it waits', () => pager.got.length === 5)
  await served.client.call(api.unassignRoles, { node: 'n1', roles: ['pair'] })
  await until('it does not wait any more', () => pager.got.length === 6)
  const path = join(served.options.recipes, 'word', 'word.ts')
  const recipe = await readFile(path, 'utf8')
  await writeFile(path, recipe.replace(/file\(.*\)/, "throw new Error('no word')"))
  await served.client.call(api.checkSources, {})
  await until('it does not compile', () => pager.got.length === 7)
  await writeFile(path, recipe)
  await served.client.call(api.checkSources, {})
  await until('it compiles', () => pager.got.length === 8)
  assert.deepEqual(kindsOf(pager), [
    'drift n1',
    'drift n1',
    'offline n1',
    'recovered n1 from offline',
    'pending n1',
    'recovered n1 from pending',
    'failed n1',
    'recovered n1 from failed',
  ])
  assert.match(pager.told()[6]?.reason ?? '', /does not compile: .*no word/)
})

test('tells what was wrong while the disk took nothing, once it does', async (t) => {
  const disk = poorDisk(t)
  const served = await serve(t, { hooks })
  const pager = await receiver(t)
  const agent = await reportingAgent(served, 'n1')
  await create(served, pager)
  disk.refuse()
  agent.socket.close()
  const refused = () => served.log.filter((line) => line.includes('attempt to write a readonly database'))
  await until('it is tried again', () => refused().length > 4)
  disk.mend()
  await until('it is offline', () => pager.got.length === 1)
  assert.deepEqual(kindsOf(pager), ['offline n1'])
})

test('goes on sending once the disk takes what became of an attempt', async (t) => {
  const disk = poorDisk(t)
  const served = await serve(t, { hooks })
  const pager = await receiver(t, 500, 204)
  await create(served, pager)
  const states = async () => (await served.client.call(api.listDeliveries, {})).items.map(({ state }) => state)
  pager.onGet = () => disk.refuse()
  await served.client.call(api.testWebhook, { webhook: 'pager' })
  await until('it could not be stored', () => served.log.join('').includes('attempt to write a readonly database'))
  pager.onGet = () => {}
  disk.mend()
  await until('it is delivered', async () => (await states()).includes('delivered'))
})

test('tells nothing again after a restart, and still that it is over', async (t) => {
  const served = await serve(t, { hooks: { ...hooks, offlineMs: 60_000 } })
  const pager = await receiver(t)
  const agent = await reportingAgent(served, 'n1')
  await create(served, pager)
  await agent.report({ outcome: 'failed' }, [failedService])
  await until('it is told', () => pager.got.length === 1)
  await served.restart()
  const back = await again(served, agent.keys)
  await back.report({ outcome: 'failed' }, [failedService])
  await back.report({ outcome: 'changed' })
  await until('it is over', () => pager.got.length === 2)
  assert.deepEqual(kindsOf(pager), ['failed n1', 'recovered n1 from failed'])
})

test('tries again until the receiver takes it, follows no redirect, and gives up in the end', async (t) => {
  const served = await serve(t, { hooks })
  const flaky = await receiver(t, 500, 302, 204)
  const broken = await receiver(t, 503)
  const gone = await receiver(t, 410)
  await create(served, flaky)
  await create(served, broken, { name: 'broken' })
  await create(served, gone, { name: 'gone' })
  for (const webhook of ['pager', 'broken', 'gone']) await served.client.call(api.testWebhook, { webhook })
  const log = await until('none waits', async () => {
    const all = await served.client.list(api.listDeliveries, {})
    return all.every(({ state }) => state !== 'waiting') && all
  })
  const of = (name: string) => log.find(({ webhook }) => webhook === name)
  const statuses = (name: string) => [of(name)?.state, ...(of(name)?.attempts.map(({ status }) => status) ?? [])]
  assert.deepEqual(statuses('pager'), ['delivered', 500, 302, 204])
  assert.deepEqual(statuses('broken'), ['dead', 503, 503, 503])
  assert.deepEqual(statuses('gone'), ['dead', 410])
  assert.equal(new Set(flaky.got.map(({ headers }) => headers['webhook-id'])).size, 1, 'each attempt has the same id')

  assert.deepEqual(await served.client.call(api.retryDeliveries, { webhook: 'broken' }), { deliveries: 1 })
  await until('it was tried again', () => broken.got.length === 4)
  const shown = await served.client.call(api.readDelivery, { id: of('pager')?.id ?? '' })
  assert.equal(HookBody.parse(JSON.parse(shown.body)).kind, 'test')
})

test('lists webhooks and deliveries page by page', async (t) => {
  const served = await serve(t, { hooks })
  const pager = await receiver(t)
  for (const name of ['pager', 'blue', 'red']) await create(served, pager, { name })
  for (const webhook of ['blue', 'red', 'pager']) await served.client.call(api.testWebhook, { webhook })
  const first = await served.client.call(api.listWebhooks, { limit: 2 })
  const second = await served.client.call(api.listWebhooks, { limit: 2, after: first.next ?? '' })
  assert.deepEqual(
    [...first.items, ...second.items].map(({ name }) => name),
    ['blue', 'pager', 'red'],
  )
  assert.equal(second.next, null)

  const newest = await served.client.call(api.listDeliveries, { limit: 1 })
  const rest = await served.client.call(api.listDeliveries, { limit: 2, after: newest.next ?? '' })
  assert.deepEqual(
    [...newest.items, ...rest.items].map(({ webhook }) => webhook),
    ['pager', 'red', 'blue'],
  )
  assert.equal(rest.next, null)
  const oldest = await served.client.call(api.listDeliveries, { limit: 1, sort: 'createdAt' })
  assert.equal(oldest.items[0]?.webhook, 'blue')
})

test('keeps nothing for a webhook that is off, or is not meant', async (t) => {
  const served = await serve(t, { hooks })
  const pager = await receiver(t)
  await create(served, pager, { kinds: ['failed'] })
  await create(served, pager, { name: 'off' })
  await create(served, pager, { name: 'blue', clusters: ['blue'] })
  await served.client.call(api.switchWebhook, { webhook: 'off', enabled: false })
  const agent = await reportingAgent(served, 'n1')
  await agent.report({ outcome: 'changed' }, [drifted])
  await agent.report({ outcome: 'failed' })
  await until('it is told', () => pager.got.length === 1)
  const log = await served.client.list(api.listDeliveries, {})
  assert.deepEqual(
    log.map(({ webhook, kind }) => [webhook, kind]),
    [['pager', 'failed']],
  )
})

test('refuses a URL that is none, or holds a password, and a name that is taken', async (t) => {
  const served = await serve(t)
  for (const url of ['ftp://x.example', 'https://user:secret@x.example/'])
    await assert.rejects(create(served, { url }), /url/)
  await create(served, { url: 'https://x.example/' })
  await assert.rejects(create(served, { url: 'https://x.example/' }), /webhook-taken/)
  await assert.rejects(served.client.call(api.testWebhook, { webhook: 'pagre' }), /Did you mean pager\?/)
})
