import assert from 'node:assert/strict'
import dns from 'node:dns'
import { createServer } from 'node:http'
import { syncBuiltinESMExports } from 'node:module'
import { mock, test, type TestContext } from 'node:test'
import { api } from '../../../protocol/api.ts'
import { type Served, serve } from '../../helpers/test-server.ts'
import { listen } from '../../helpers/listen.ts'
import { until } from '../../helpers/until.ts'

const hooks = { retriesMs: [20, 20] }

/** Each name has the addresses that the test says. */
function resolving(t: TestContext, addresses: Record<string, string[]>) {
  const answer = (name: string, _options: unknown, callback: (error: null, found: dns.LookupAddress[]) => void) =>
    callback(
      null,
      (addresses[name] ?? []).map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    )
  const mocked = mock.method(dns, 'lookup', answer)
  syncBuiltinESMExports()
  t.after(() => {
    mocked.mock.restore()
    syncBuiltinESMExports()
  })
}

/** What came of telling it: the error of the first attempt, or null. */
async function told({ client }: Served, name: string, url: string) {
  await client.call(api.createWebhook, { name, url })
  const { id } = await client.call(api.testWebhook, { webhook: name })
  await until('an attempt was made', async () => (await client.call(api.readDelivery, { id })).attempts.length > 0)
  return (await client.call(api.readDelivery, { id })).attempts[0]?.error
}

async function receiverAt(t: TestContext) {
  let count = 0
  const server = createServer((_request, response) => {
    count++
    response.end()
  })
  const url = new URL((await listen(t, server)).replace(/^https/, 'http'))
  return { port: url.port, count: () => count }
}

for (const host of ['169.254.169.254', '[fe80::1]', '[::ffff:169.254.1.1]', '0xa9fea9fe', '[fd00:ec2::254]'])
  test(`no webhook may be at ${host}`, async (t) => {
    const served = await serve(t, { hooks })
    const made = served.client.call(api.createWebhook, { name: 'meta', url: `http://${host}/latest` })
    await assert.rejects(made, /link-local address.*--link-local-webhooks.*bad-input/s)
    assert.deepEqual(await served.client.list(api.listWebhooks, {}), [])
  })

test('nothing is sent to a name that has a link-local address, whatever else it has', async (t) => {
  const served = await serve(t, { hooks })
  const receiver = await receiverAt(t)
  resolving(t, { meta: ['169.254.169.254'], mixed: ['127.0.0.1', 'fe80::1'], none: [], fine: ['127.0.0.1'] })
  const at = (name: string) => told(served, name, `http://${name}:${receiver.port}/`)
  assert.match((await at('meta')) ?? '', /^meta: 169\.254\.169\.254 is a link-local address/)
  assert.match((await at('mixed')) ?? '', /^mixed: fe80::1 is a link-local address/)
  assert.equal(await at('none'), 'none has no address')
  assert.equal(receiver.count(), 0)
  assert.equal(await at('fine'), null)
  assert.equal(receiver.count(), 1)
})

test('a server that is told to tells webhooks at link-local addresses', async (t) => {
  const served = await serve(t, { hooks: { ...hooks, linkLocal: true } })
  const receiver = await receiverAt(t)
  resolving(t, { mixed: ['127.0.0.1', 'fe80::1'] })
  assert.equal(await told(served, 'mixed', `http://mixed:${receiver.port}/`), null)
  const url = 'http://[::ffff:169.254.0.1]/'
  assert.equal((await served.client.call(api.createWebhook, { name: 'near', url })).name, 'near')
})
