import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { api } from '../../../protocol/api.ts'
import { BlobRef, digestOf, sha256 } from '../../../protocol/catalog.ts'
import { closeCodes } from '../../../protocol/messages.ts'
import { maxAgentFrame } from '../../../protocol/limits.ts'
import { offerOf } from '../../../protocol/versions.ts'
import { connect, enrol, factsOf, helloOf, newKey, open, reportOf } from '../../helpers/fake-agent.ts'
import { type Served, serve } from '../../helpers/test-server.ts'

/** A node that has joined, with its keys. */
async function join({ place, joinToken }: Served, name = 'n1', roles = ['word']) {
  const { keys } = await enrol(place, await joinToken({ roles }), name)
  return keys
}

test('an agent that proves its key is welcomed by name, asked for facts and given its catalog with blobs', async (t) => {
  const served = await serve(t)
  const keys = await join(served)
  const agent = await connect(served.place, keys)
  assert.deepEqual({ node: agent.welcome.node, sendFacts: agent.welcome.sendFacts }, { node: 'n1', sendFacts: true })
  const { catalog } = await agent.next('catalog')
  assert.equal(catalog.node, 'n1')
  const content = BlobRef.parse(catalog.resources[0]?.props['content'])
  const { status, bytes } = await agent.blobs([content.sha256])
  assert.equal(status, 200)
  assert.equal(bytes.readBigUInt64BE(0), 5n)
  assert.equal(bytes.subarray(8).toString(), 'hello')
})

test('an agent whose facts and catalog are known hears that it has the right one', async (t) => {
  const served = await serve(t)
  const keys = await join(served)
  await (await connect(served.place, keys)).next('catalog')
  const { catalog } = await served.client.call(api.readNode, { node: 'n1' })
  const again = await connect(served.place, keys, { catalogDigest: catalog?.digest ?? null })
  assert.equal(again.welcome.sendFacts, false)
  await again.next('current')
})

test('an agent hears why it has no catalog, and gets one as soon as there is one', async (t) => {
  const served = await serve(t)
  const [one, two] = [await join(served, 'n1', []), await join(served, 'n2', ['pair'])]
  const [first, second] = [await connect(served.place, one), await connect(served.place, two)]
  assert.equal((await first.next('no-catalog')).why, 'unassigned')
  assert.equal((await second.next('no-catalog')).why, 'pending')
  await served.client.call(api.assignRoles, { node: 'n1', roles: ['pair'] })
  assert.equal((await first.next('catalog')).catalog.node, 'n1')
  assert.equal((await second.next('catalog')).catalog.node, 'n2')
})

test('an agent whose last role was taken away gets a catalog of nothing, be it away meanwhile or not', async (t) => {
  const served = await serve(t)
  const keys = await join(served)
  const agent = await connect(served.place, keys)
  const before = digestOf((await agent.next('catalog')).catalog)
  await served.client.call(api.unassignRoles, { node: 'n1', roles: ['word'] })
  const { catalog } = await agent.next('catalog')
  assert.deepEqual(catalog, { node: 'n1', resources: [] })
  const back = await connect(served.place, keys, { catalogDigest: before })
  assert.deepEqual((await back.next('catalog')).catalog, catalog)
  await (await connect(served.place, keys, { catalogDigest: digestOf(catalog) })).next('current')
})

test('an agent without roles hears when it may not change anything, and when it may again', async (t) => {
  const served = await serve(t)
  const agent = await connect(served.place, await join(served))
  await agent.next('catalog')
  await served.client.call(api.disableNodes, { nodes: ['n1'], reason: 'a broken disk' })
  assert.equal((await agent.next('catalog')).catalog.disabled?.reason, 'a broken disk')
  await served.client.call(api.unassignRoles, { node: 'n1', roles: ['word'] })
  const { catalog } = await agent.next('catalog')
  assert.deepEqual([catalog.resources, catalog.disabled?.reason], [[], 'a broken disk'])
  await served.client.call(api.enableNodes, { nodes: ['n1'] })
  assert.deepEqual((await agent.next('catalog')).catalog, { node: 'n1', resources: [] })
})

test('blobs are for the session that they belong to, and only those of its catalog', async (t) => {
  const served = await serve(t)
  const keys = await join(served)
  const agent = await connect(served.place, keys)
  await agent.next('catalog')
  assert.equal((await agent.blobs([sha256('something else')])).status, 404)
  agent.socket.close()
  await agent.closed
  assert.equal((await agent.blobs([])).status, 401)
})

test('a changed attribute reaches the connected agent, which may still fetch the blobs of before', async (t) => {
  const served = await serve(t)
  const agent = await connect(served.place, await join(served))
  await agent.next('catalog')
  const set = { scope: 'nodes', name: 'n1', key: 'word.word', value: 'bye' } as const
  assert.deepEqual(await served.client.call(api.setAttribute, set), { nodes: ['n1'], revision: 2 })
  await agent.next('catalog')
  assert.equal((await agent.blobs([sha256('bye'), sha256('hello')])).status, 200)
})

test('a hello by another key, over another nonce or for another server does not prove who it is', async (t) => {
  const served = await serve(t)
  const [keys, stranger] = [await join(served), newKey()]
  const first = await open(served.place)
  const { nonce, server } = await first.next('challenge')
  const replayed = helloOf(keys, nonce, server)
  const hellos = [
    replayed,
    { ...helloOf(stranger, nonce, server), key: keys.key },
    helloOf(keys, nonce, 'f'.repeat(64)),
    { ...replayed, key: 'AAAA', signature: 'nonsense' },
  ]
  for (const hello of hellos) {
    const agent = await open(served.place)
    await agent.next('challenge')
    agent.send(hello)
    assert.equal((await agent.closed).code, closeCodes.notProven)
  }
})

test('a key that never joined is sent away with what to do', async (t) => {
  const { place } = await serve(t)
  const agent = await open(place)
  const { nonce, server } = await agent.next('challenge')
  agent.send(helloOf(newKey(), nonce, server))
  assert.deepEqual(await agent.closed, {
    code: closeCodes.notProven,
    reason: 'no node has this key; join by a token first',
  })
})

test('an agent of another protocol is told so', async (t) => {
  const served = await serve(t)
  const keys = await join(served)
  const agent = await open(served.place)
  const { nonce, server } = await agent.next('challenge')
  agent.send({ ...helloOf(keys, nonce, server), protocol: 2 })
  assert.equal((await agent.closed).code, closeCodes.otherProtocol)
})

test('what is not of the protocol closes the connection with a reason', async (t) => {
  const served = await serve(t)
  const keys = await join(served)
  const frames: [string | Buffer, RegExp][] = [
    ['{ not json', /not JSON/],
    ['{"type":"shout"}', /type/],
    ['{"type":"delivered"}', /order/],
    ['{"type":"delivered","order":"x","more":1}', /more/],
    ['null', /./],
    ['[]', /./],
    [Buffer.from('{"type":"delivered","order":"x"}'), /binary/],
    [JSON.stringify(helloOf(keys, 'n', 'f'.repeat(64))), /second hello/],
  ]
  for (const [frame, reason] of frames) {
    const agent = await connect(served.place, keys)
    agent.socket.send(frame)
    const closed = await agent.closed
    assert.equal(closed.code, closeCodes.badMessage, String(frame))
    assert.match(closed.reason, reason)
  }
})

test('a frame over the size limit closes the connection, and others go on', async (t) => {
  const served = await serve(t)
  const [bad, good] = [await join(served, 'n1'), await join(served, 'n2')]
  const [big, small] = [await connect(served.place, bad), await connect(served.place, good)]
  await small.next('catalog')
  big.socket.send(`{"type":"${'x'.repeat(maxAgentFrame)}"}`)
  assert.equal((await big.closed).code, 1009)
  const report = reportOf(randomUUID())
  small.send({ type: 'report', report, clock: Date.now() })
  await small.next('stored')
})

test('nothing but a hello is listened to before a hello, nor much of anything', async (t) => {
  const served = await serve(t)
  const early = await open(served.place)
  await early.next('challenge')
  early.send({ type: 'facts', facts: factsOf('n1') })
  assert.deepEqual(await early.closed, { code: closeCodes.badMessage, reason: 'facts before hello' })

  const flood = await open(served.place)
  await flood.next('challenge')
  flood.socket.send('x'.repeat(60_000))
  assert.equal((await flood.closed).code, 1006)
})

test('a revoked node is cut off at once, and stays out', async (t) => {
  const served = await serve(t)
  const keys = await join(served)
  const agent = await connect(served.place, keys)
  await agent.next('catalog')
  const { state } = await served.client.call(api.revokeNode, { node: 'n1' })
  assert.equal(state, 'revoked')
  assert.equal((await agent.closed).code, closeCodes.revoked)
  const again = await open(served.place)
  const { nonce, server } = await again.next('challenge')
  again.send(helloOf(keys, nonce, server))
  assert.equal((await again.closed).code, closeCodes.revoked)
  assert.equal((await agent.blobs([])).status, 401)
})

test('a second connection of a key takes the place of the first', async (t) => {
  const served = await serve(t)
  const keys = await join(served)
  const first = await connect(served.place, keys)
  await first.next('catalog')
  const second = await connect(served.place, keys)
  assert.equal((await first.closed).code, closeCodes.replaced)
  await second.next('catalog')
  assert.equal((await served.client.call(api.readNode, { node: 'n1' })).connected, true)
})

test('a report is stored once, with the times by the clock of the server', async (t) => {
  const served = await serve(t)
  const agent = await connect(served.place, await join(served))
  const off = 3 * 3600_000
  const now = Date.now()
  const report = reportOf(randomUUID(), { startedAt: now + off - 2000, finishedAt: now + off - 1000 })
  for (let i = 0; i < 2; i++) {
    agent.send({ type: 'report', report, clock: Date.now() + off })
    assert.equal((await agent.next('stored')).run, report.run.id)
  }
  const runs = await served.client.list(api.listRuns, {})
  assert.equal(runs.length, 1)
  assert(Math.abs((runs[0]?.finishedAt ?? 0) - (now - 1000)) < 1000)
  assert.equal((await served.client.call(api.readNode, { node: 'n1' })).state, 'unchanged')
})

test('times that no date can hold are refused, and those of a clock that jumped are kept in order', async (t) => {
  const served = await serve(t)
  const keys = await join(served)
  for (const startedAt of [-1, 8.64e15 + 1]) {
    const wild = await connect(served.place, keys)
    wild.send({ type: 'report', report: reportOf(randomUUID(), { startedAt }), clock: Date.now() })
    assert.equal((await wild.closed).code, closeCodes.badMessage)
  }
  const agent = await connect(served.place, keys)
  const jumped = reportOf(randomUUID(), { startedAt: Date.now(), finishedAt: 0 })
  agent.send({ type: 'report', report: jumped, clock: 8.64e15 })
  await agent.next('stored')
  const [run] = await served.client.list(api.listRuns, {})
  assert.deepEqual([run?.startedAt, run?.finishedAt], [0, 0])
})

test('an agent one minor version of the protocol older or newer is welcome, others hear what to do', async (t) => {
  const ours = { major: 1, oldest: 4, newest: 5 }
  const served = await serve(t, { spoken: ours })
  const keys = await join(served)
  const chosenOf = async (oldest: number, newest: number) => {
    const agent = await connect(served.place, keys, { offered: offerOf({ major: 1, oldest, newest }) })
    return agent.socket.protocol
  }
  assert.equal(await chosenOf(3, 4), 'trivet.1.4')
  assert.equal(await chosenOf(4, 5), 'trivet.1.5')
  assert.equal(await chosenOf(5, 6), 'trivet.1.5')
  const outcomeOf = async (offered: string[]) => (await open(served.place, offered)).closed
  const newer = await outcomeOf(offerOf({ major: 1, oldest: 6, newest: 7 }))
  assert.equal(newer.code, closeCodes.otherProtocol)
  assert.match(newer.reason, /speaks protocol 1\.4 to 1\.5, this agent 1\.6 to 1\.7\. Next: upgrade the server/)
  const before = await outcomeOf([])
  assert.deepEqual(
    [before.code, /Next: (.*)/.exec(before.reason)?.[1]],
    [closeCodes.otherProtocol, 'install the agent anew'],
  )
})

test('an agent of before there was a choice is spoken with as before', async (t) => {
  const served = await serve(t)
  const agent = await connect(served.place, await join(served))
  assert.equal(agent.socket.protocol, '')
  assert.equal((await agent.next('catalog')).catalog.node, 'n1')
})
