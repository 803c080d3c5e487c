import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import { createServer as createSilent } from 'node:net'
import { test } from 'node:test'
import { ApiFailure, makeClient } from '../../cli/api-client.ts'
import { CommandError } from '../../cli/command.ts'
import { Unreachable } from '../../cli/connection.ts'
import { parseServerEvents } from '../../cli/server-events.ts'
import { api } from '../../protocol/api.ts'
import { events, serveApi } from '../helpers/api-server.ts'
import { makeAuthority } from '../helpers/authority.ts'
import { listen } from '../helpers/listen.ts'
import { nodeOf, orderOf, targetOf } from '../helpers/records.ts'

test('what the table would refuse never leaves', async () => {
  const client = makeClient({ url: 'https://127.0.0.1:1', ca: '', token: '' })
  await assert.rejects(client.call(api.readNode, { node: 'Not A Name' }), /^CommandError: node: lower-case letters/)
})

test('a call gives the answer and sends the token', async (t) => {
  const { login, asked } = await serveApi(t, { 'GET /api/nodes?role=web': [nodeOf('web-1')] })

  const nodes = await makeClient(login).list(api.listNodes, { role: 'web' })

  assert.deepEqual(nodes, [nodeOf('web-1')])
  assert.deepEqual(
    asked.map(({ bearer }) => bearer),
    [`Bearer ${login.token}`],
  )
})

test("the server's no comes with its code", async (t) => {
  const { login } = await serveApi(t, {})

  await assert.rejects(makeClient(login).call(api.whoami, {}), (error: Error) => {
    assert(error instanceof ApiFailure)
    assert.equal(error.code, 'unknown-path')
    return error.message === 'There is no GET /api/whoami. (unknown-path)'
  })
})

test('an answer of another shape, or of no Trivet server at all, is told as that', async (t) => {
  const { login } = await serveApi(t, {
    'GET /api/whoami': { name: 'ann' },
    'GET /api/roles': (response: ServerResponse) => response.writeHead(502).end('<h1>Bad gateway</h1>'),
  })
  const client = makeClient(login)

  await assert.rejects(client.call(api.whoami, {}), /is not what this trivet expects\. Are both of one version/)
  await assert.rejects(client.call(api.listRoles, {}), /answered 502, and not as a Trivet server does/)
})

test('another CA is refused before the token is sent, whatever the environment says', async (t) => {
  const { login, asked } = await serveApi(t, { 'GET /api/roles': [] })
  const { ca } = await makeAuthority()
  const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED']
  process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'
  t.after(() => {
    if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']
    else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before
  })

  await assert.rejects(makeClient({ ...login, ca }).call(api.listRoles, {}), (error: Error) => {
    assert(error instanceof Unreachable)
    return /CA of your login/.test(error.message)
  })
  assert.deepEqual(asked, [])
})

test('a server of the right CA with another name is refused', async (t) => {
  const { login } = await serveApi(t, {})
  const other = await makeAuthority('somebody-else')
  const url = await listen(
    t,
    createServer(other, () => assert.fail('nothing may be asked')),
  )

  await assert.rejects(makeClient({ ...login, url, ca: other.ca }).call(api.listRoles, {}), /not for trivet-server/)
})

test('a server that is away, silent, or gone in the middle is unreachable', async (t) => {
  const { login } = await serveApi(t, {
    'GET /api/roles': () => undefined,
    'GET /api/recipes': (response: ServerResponse) => {
      response.writeHead(200, { 'content-length': 1000 })
      response.write('[', () => response.socket?.destroy())
    },
  })
  const client = makeClient(login, { idleMs: 100, connectMs: 10_000 })
  const nowhere = makeClient({ ...login, url: 'https://127.0.0.1:1' })

  await assert.rejects(client.call(api.listRoles, {}), /^Unreachable: .* did not answer within 0\.1 s/)
  await assert.rejects(client.call(api.listRecipes, {}), /^Unreachable: .*cut the connection/)
  await assert.rejects(nowhere.call(api.listRoles, {}), /^Unreachable: .*nothing listens there\. Is the server running/)
})

test('a machine that takes the connection and says nothing is given up in the time of a connect, not of an answer', async (t) => {
  const { login } = await serveApi(t, {})
  const url = await listen(t, createSilent())
  const client = makeClient({ ...login, url }, { connectMs: 100 })

  await assert.rejects(client.call(api.listRoles, {}), (error: Error) => {
    assert(error instanceof Unreachable)
    assert.equal(error.wasSent, false)
    return error.message === `${url} did not answer within 0.1 s. Does the server hang?`
  })
})

test('watching gives each update until the server ends it', async (t) => {
  const order = orderOf([targetOf('web-1')])
  const done = targetOf('web-1', { state: 'converged' })
  const updates = [
    { type: 'order', order },
    { type: 'target', target: done },
  ]
  const { login } = await serveApi(t, { 'GET /api/orders/order1/watch': events(updates) })

  assert.deepEqual(await collect(makeClient(login).watch(api.watchOrder, { id: 'order1' })), updates)
})

test('watching a connection that is cut fails after what came whole', async (t) => {
  const order = orderOf([targetOf('web-1')])
  const { login } = await serveApi(t, {
    'GET /api/orders/order1/watch': events([{ type: 'order', order }], { cut: true }),
  })
  const seen: string[] = []

  await assert.rejects(async () => {
    for await (const { type } of makeClient(login).watch(api.watchOrder, { id: 'order1' })) seen.push(type)
  }, Unreachable)
  assert.deepEqual(seen, ['order'])
})

test('server-sent events are split as the standard says, wherever the bytes are cut', async () => {
  const text = ': hello\r\n\r\ndata: one\r\n\r\nevent: x\ndata:two\ndata: ä\n\nid: 3\n\ndata: cut off'
  for (const size of [1, 2, 3, 7, 100]) {
    assert.deepEqual(await collect(parseServerEvents(inParts(Buffer.from(text), size))), ['one', 'two\nä'])
  }
})

test('an error is a CommandError, so that it is shown without a stack', () => {
  assert(new ApiFailure('no', 'code') instanceof CommandError)
  assert(new Unreachable('away') instanceof CommandError)
})

async function collect<Item>(items: AsyncIterable<Item>) {
  const all: Item[] = []
  for await (const item of items) all.push(item)
  return all
}

async function* inParts(bytes: Buffer, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}
