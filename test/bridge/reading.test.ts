import assert from 'node:assert/strict'
import { createServer, type RequestListener } from 'node:http'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { nextIndex } from '../../bridge/consul/consul.ts'
import { eventTypes, listen } from '../../bridge/marathon/events.ts'
import { read } from '../../bridge/marathon/http.ts'
import { Marathons } from '../../bridge/marathon/marathons.ts'
import { remember } from '../../bridge/model/remember.ts'
import { readApps } from '../../bridge/marathon/apps.ts'
import { Turns } from '../../bridge/turns.ts'
import { FakeMarathon } from '../helpers/marathon/fake-marathon.ts'
import { taskOf, told } from './apps.ts'

async function serving(t: TestContext, listener: RequestListener) {
  const server = createServer(listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  const address = server.address()
  assert(address !== null && typeof address === 'object')
  return `http://127.0.0.1:${address.port}`
}

async function fake(t: TestContext) {
  const marathon = await new FakeMarathon().start()
  t.after(() => marathon.end())
  return marathon
}

test('events are told by type as they end, however the stream is cut and however long they are', () => {
  const stream = `event: a\r\ndata: ${'x'.repeat(5000)}\r\n\r\n\r\n\r\nevent: b\ndata: 1\n\n: nothing\r\n\r\nevent: c\r\n`
  for (const size of [1, 7, 10_000]) {
    const types: string[] = []
    const scan = eventTypes((type) => types.push(type))
    for (let at = 0; at < stream.length; at += size) scan(stream.slice(at, at + size))
    assert.deepEqual(types, ['a', 'b'])
  }
})

test('it listens to the leader that a standby leads to, and to the next Marathon when a stream ends', async (t) => {
  const leader = await fake(t)
  const standby = await serving(t, (_, response) =>
    response.writeHead(302, { location: `${leader.url}/v2/events` }).end(),
  )
  const heard: string[] = []
  const end = new AbortController()
  const attached = new Promise<void>((resolve) => {
    const changed = (type: string) => {
      heard.push(type)
      if (type === 'api_post_event') resolve()
      if (type === 'connected') leader.put('/web', {})
    }
    void listen(new Marathons([standby]), { changed, state: () => {} }, end.signal)
  })
  await attached
  assert.equal(heard[0], 'connected')
  end.abort()
})

test('the first Marathon that answers well is asked, and asked first from then on', async (t) => {
  const garbage = await serving(t, (_, response) => response.end('<html>'))
  const endless = await serving(t, (_, response) => response.end('{"apps": 7}'))
  const well = await fake(t)
  well.put('/web', { portDefinitions: [{ port: 10080 }] })
  const marathons = new Marathons(['http://127.0.0.1:1', garbage, endless, well.url])
  const { signal } = new AbortController()
  assert.deepEqual(
    (await marathons.apps(signal)).apps.map(({ id }) => id),
    ['/web'],
  )
  assert.equal(marathons.current, `${well.url}/`)
  await assert.rejects(new Marathons([garbage, endless]).apps(signal), /no JSON: <html>.*no list of apps/)
})

test('one that answers too slowly is given up, and the error says who it was and how long it had', async (t) => {
  const silent = await serving(t, () => {})
  const endless = await serving(t, (_, response) => response.writeHead(200).write('{'))
  for (const url of [silent, endless])
    await assert.rejects(read(new URL(url), {}, { bytes: 10, ms: 200 }), /^Error: http:\S+ did not answer in 200 ms$/)
})

const appsWith = (task: Record<string, unknown>) =>
  readApps({ apps: [told('/web', { tasks: [taskOf('/web', 'slave-1', 31001, task)] })] }).apps

test('what a new leader does not know yet is as it was known last', () => {
  const { memory } = remember(appsWith({ healthCheckResults: [{ alive: true }] }), new Map())
  const [app] = remember(appsWith({ ports: [], state: 'TASK_UNREACHABLE' }), memory).apps
  assert.deepEqual([app?.tasks[0]?.alive, app?.tasks[0]?.ports], [true, [31001]])
})

test('however often it is asked for meanwhile, it is done once more', async () => {
  const turns = new Turns()
  const { signal } = new AbortController()
  turns.ask(1)
  turns.ask(2)
  assert.equal(await turns.next(1000, signal), 1)
  const waiting = turns.next(10_000, signal)
  turns.ask(3)
  assert.equal(await waiting, 3)
  assert.equal(await turns.next(1, signal), undefined)
})

test("an index of Consul's that goes backwards begins anew, and 0 is never waited for", () => {
  assert.deepEqual([nextIndex(5, 7), nextIndex(7, 5), nextIndex(5, 0), nextIndex(0, 3)], [7, 0, 1, 3])
})
