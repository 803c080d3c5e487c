import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { type TestContext, test } from 'node:test'
import { ConsulHealth, passingBy, register } from '../../bridge/consul/consul.ts'
import { registrations } from '../../bridge/consul/registrations.ts'
import { readApps } from '../../bridge/marathon/apps.ts'
import { buildModel } from '../../bridge/model/model.ts'
import { until } from '../../lab/run.ts'
import { addresses, configOf, taskOf, told } from './apps.ts'

/** As much of Consul as is asked. Its answers about health wait for `passing` to be called. */
async function fakeConsul(t: TestContext) {
  const services: Record<string, unknown> = { db: { Service: 'db', Tags: ['mine'], Address: '', Port: 1 } }
  const puts: string[] = []
  let waiting: ServerResponse[] = []
  let index = 1
  let passing: string[] = []
  let isBroken = false
  const tell = (response: ServerResponse) => {
    response.setHeader('x-consul-index', index)
    response.end(JSON.stringify(passing.map((ID) => ({ Service: { ID } }))))
  }
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://consul')
    if (isBroken) response.writeHead(500).end()
    else if (request.method === 'PUT') {
      puts.push(url.pathname)
      response.end()
    } else if (url.pathname === '/v1/agent/services') response.end(JSON.stringify(services))
    else if (Number(url.searchParams.get('index') ?? 0) < index) tell(response)
    else waiting.push(response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  const address = server.address()
  assert(address !== null && typeof address === 'object')
  const set = (ids: string[]) => {
    index++
    passing = ids
    for (const response of waiting) tell(response)
    waiting = []
  }
  const breaks = (yes: boolean) => (isBroken = yes)
  return { url: `http://127.0.0.1:${address.port}`, services, puts, passing: set, breaks }
}

test('what runs here is registered once, what does not is taken back, and what is not ours is left alone', async (t) => {
  const consul = await fakeConsul(t)
  const { apps } = readApps({ apps: [told('/web', { tasks: [taskOf('/web', 'slave-1', 31001)] })] })
  const wanted = registrations(apps, addresses, configOf({ consul: {} }))
  consul.services['trivet-bridge:old:0'] = { Service: 'old', Tags: ['trivet-bridge'], Address: '', Port: 1 }
  const { signal } = new AbortController()
  await register(consul.url, wanted, signal)
  assert.deepEqual(consul.puts, ['/v1/agent/service/register', '/v1/agent/service/deregister/trivet-bridge%3Aold%3A0'])

  for (const [id, { Name, ...rest }] of wanted) consul.services[id] = { Service: Name, ...rest }
  delete consul.services['trivet-bridge:old:0']
  await register(consul.url, wanted, signal)
  assert.equal(consul.puts.length, 2)
})

test('health is followed by blocking queries, and what was said last stands', async (t) => {
  const consul = await fakeConsul(t)
  let changes = 0
  const health = new ConsulHealth(consul.url, () => changes++)
  t.after(() => health.watch(new Set()))
  health.watch(new Set(['web']))
  assert.equal(health.isKnown, false)
  await until('a first answer', async () => health.isKnown)
  consul.passing(['one'])
  await until('the change', async () => health.isPassing('web', 'one'))
  assert.equal(changes, 2)
})

test('while Consul is away from the beginning, that is told, and what HAProxy serves already is served on', async (t) => {
  const consul = await fakeConsul(t)
  consul.breaks(true)
  let changes = 0
  const health = new ConsulHealth(consul.url, () => changes++)
  t.after(() => health.watch(new Set()))
  health.watch(new Set(['web']))
  assert(health.isAwaited)
  await until('the trouble', async () => !health.isAwaited)
  assert.deepEqual([changes, health.isKnown], [1, false])
  assert.match(health.trouble ?? '', /answered 500/)

  const tasks = [31001, 31002, 31003].map((port) => taskOf('/web', 'slave-1', port))
  const read = readApps({ apps: [told('/web', { tasks })] })
  const slot = { address: '10.0.0.21', isTrusted: false }
  const running = new Map([
    [
      'web_10080',
      [
        { ...slot, port: 31001, state: 'ready' as const },
        { ...slot, port: 31002, state: 'drain' as const },
      ],
    ],
  ])
  const served = () => {
    const isPassing = passingBy(health, running)
    const { backends } = buildModel({ ...read, owners: new Map(), addresses, isPassing }, configOf({ consul: {} }))
    return backends[0]?.servers.map(({ port }) => port)
  }
  assert.deepEqual(served(), [31001])

  consul.passing(['trivet-bridge:web.slave-1-31003:0'])
  consul.breaks(false)
  await until('Consul to be heard', async () => health.isKnown)
  assert.equal(health.trouble, undefined)
  assert.deepEqual(served(), [31003])
})
