import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { closeCodes, type ServerMessage } from '../../../protocol/messages.ts'
import { choose } from '../../../protocol/versions.ts'
import { connect, type ConnectOptions, delayBefore, keepConnected } from '../../../agent/link/connection.ts'
import { publicKeyOf } from '../../../agent/kept/keys.ts'
import type { Identity } from '../../../agent/kept/state.ts'
import { makeAuthority } from '../../helpers/authority.ts'
import { serve } from '../fake-server.ts'
import { until } from '../tiny.ts'

const digest = 'a'.repeat(64)
/** In an hour. */
const later = Date.now() + 3600_000
const order = (id: string): ServerMessage => ({ type: 'order', id, mode: 'converge', startBy: later })

function options(identity: Identity, pem: string, given: Partial<ConnectOptions> = {}) {
  const received: ServerMessage[] = []
  const lines: string[] = []
  return {
    received,
    lines,
    identity,
    key: () => pem,
    agentVersion: '1.2.3',
    greeting: async () => ({ factsDigest: digest, catalogDigest: null, spoolBytes: 7 }),
    receive: async (message: ServerMessage) => void received.push(message),
    log: (line: string) => void lines.push(line),
    now: () => 42,
    ...given,
  }
}

test('an agent proves its key and says what it has', async (t) => {
  const { fake, identity, key } = await serve(t)
  const given = options(identity, key)
  const connection = connect(given)
  const hello = await fake.letIn(identity)
  assert.deepEqual(
    { ...hello, signature: '' },
    {
      type: 'hello',
      protocol: 1,
      key: publicKeyOf(key),
      signature: '',
      agentVersion: '1.2.3',
      factsDigest: digest,
      catalogDigest: null,
      clock: 42,
      spoolBytes: 7,
    },
  )
  await until('the welcome is received', () => given.received.length === 1)
  connection.close()
  assert.deepEqual(await connection.closed, { code: 1000, reason: 'the agent stops' })
})

test('a server of another CA is not spoken to, whatever the environment says', async (t) => {
  const { fake, identity, key } = await serve(t)
  const other = await makeAuthority()
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
  t.after(() => delete process.env.NODE_TLS_REJECT_UNAUTHORIZED)
  const { reason } = await connect(options({ ...identity, ca: other.ca }, key)).closed
  assert.match(reason, /unable to verify|self-signed|signature failure/i)
  assert.equal(fake.sockets.length, 0)
})

test('a certificate of that CA for another name is refused', async (t) => {
  const { identity, key } = await serve(t, { authority: await makeAuthority('somebody-else') })
  const { reason } = await connect(options(identity, key)).closed
  assert.match(reason, /Hostname\/IP does not match/)
})

test('a server that names another CA gets no signature', async (t) => {
  const { fake, identity, key } = await serve(t)
  const { closed } = connect(options(identity, key))
  await fake.connection()
  fake.send({ type: 'challenge', nonce: 'n', server: digest })
  assert.equal((await closed).reason, 'the server names another CA than the one this node joined')
  assert.deepEqual(fake.said, [])
})

test('messages are dealt with strictly one after another', async (t) => {
  const { fake, identity, key } = await serve(t)
  const log: string[] = []
  const given = options(identity, key, {
    async receive(message) {
      if (message.type !== 'order') return
      log.push(`begin ${message.id}`)
      await delay(message.id === 'slow' ? 50 : 1)
      log.push(`end ${message.id}`)
    },
  })
  const connection = connect(given)
  await fake.letIn(identity)
  fake.send(order('slow'))
  fake.send(order('quick'))
  await until('both are dealt with', () => log.length === 4)
  assert.deepEqual(log, ['begin slow', 'end slow', 'begin quick', 'end quick'])
  connection.close()
})

const garbage: Record<string, { frame: string; reason: RegExp }> = {
  'is not JSON': {
    frame: '{"type":',
    reason: /the server sent what this agent does not understand: .*JSON.* Is it newer\?/,
  },
  'is not of the protocol': { frame: '{"type":"dance"}', reason: /does not understand: .*type/ },
  'is of the protocol but for one field': {
    frame: JSON.stringify({ ...order('o1'), mode: 'maybe' }),
    reason: /does not understand: .*at mode/,
  },
}
for (const [what, { frame, reason }] of Object.entries(garbage)) {
  test(`a frame that ${what} ends the connection with the reason, and nothing after it is dealt with`, async (t) => {
    const { fake, identity, key } = await serve(t)
    const given = options(identity, key)
    const { closed } = connect(given)
    await fake.connection()
    fake.send(order('before'))
    fake.send(frame)
    fake.send(order('after'))
    const end = await closed
    assert.match(end.reason, reason)
    assert.doesNotMatch(end.reason, /\n/)
    assert.deepEqual(given.received, [order('before')])
  })
}

test('a binary frame ends the connection', async (t) => {
  const { fake, identity, key } = await serve(t)
  const { closed } = connect(options(identity, key))
  const socket = await fake.connection()
  socket.send(Buffer.from([1, 2, 3]))
  assert.match((await closed).reason, /binary frame/)
})

test('what goes wrong while a message is dealt with ends the connection', async (t) => {
  const { fake, identity, key } = await serve(t)
  const { closed } = connect(
    options(identity, key, {
      receive: async () => {
        throw new Error('no room')
      },
    }),
  )
  await fake.connection()
  fake.send(order('o1'))
  assert.equal((await closed).reason, 'no room')
})

test('a server that falls silent is left; one that pings is not', async (t) => {
  const { fake, identity, key } = await serve(t)
  const { closed } = connect(options(identity, key, { silenceMs: 300 }))
  const socket = await fake.connection()
  const connectedAt = performance.now()
  const pinging = setInterval(() => socket.ping(), 50)
  t.after(() => clearInterval(pinging))
  void delay(600).then(() => clearInterval(pinging))
  assert.equal((await closed).reason, 'heard nothing for 0.3 s')
  assert(performance.now() - connectedAt > 600)
})

const delays = (random: number) => Array.from({ length: 8 }, (_, failures) => delayBefore(failures, 1006, () => random))

test('the delay before the next attempt doubles up to a minute, and half of it is left to chance', () => {
  assert.deepEqual(delays(0), [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000])
  assert.deepEqual(delays(1), [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000])
})

test('who was turned away waits minutes before it asks again', () => {
  for (const code of [closeCodes.revoked, closeCodes.notProven, closeCodes.otherProtocol]) {
    assert.equal(
      delayBefore(0, code, () => 0),
      300_000,
    )
  }
})

test('a lost connection is made again, and who listens hears of each', async (t) => {
  const { fake, identity, key } = await serve(t)
  const opened: string[] = []
  const stop = new AbortController()
  const given = options(identity, key)
  const kept = keepConnected(
    { ...given, opened: (connection, detail) => opened.push(connection ? 'open' : `closed: ${detail}`) },
    stop.signal,
    () => 0,
  )
  await fake.letIn(identity)
  await until('it is open', () => opened.length === 1)
  fake.sockets[0]?.close(1012, 'restarting')
  await fake.letIn(identity, { number: 2 })
  await until('it is open again', () => opened.length === 3)
  stop.abort()
  await kept
  assert.deepEqual(opened, ['open', 'closed: restarting', 'open', 'closed: the agent stops'])
  assert.deepEqual(given.lines, [`disconnected from ${identity.url}: restarting (next attempt in 0.5 s)`])
})

test('an agent that is to stop waits for no next attempt', async (t) => {
  const { fake, identity, key } = await serve(t)
  fake.end()
  const stop = new AbortController()
  const given = options({ ...identity, url: 'https://127.0.0.1:1' }, key)
  const kept = keepConnected({ ...given, opened: () => {} }, stop.signal, () => 1)
  await until('an attempt has failed', () => given.lines.length === 1)
  const stoppedAt = performance.now()
  stop.abort()
  await kept
  assert(performance.now() - stoppedAt < 500)
  assert.match(
    given.lines[0] ?? '',
    /^cannot connect to https:\/\/127\.0\.0\.1:1: nothing listens there\..* \(next attempt in 1 s\)$/,
  )
})

test('with a server of before there was a choice the oldest protocol is spoken, else the one that it chooses', async (t) => {
  const older = await serve(t)
  const first = connect(options(older.identity, older.key))
  await older.fake.letIn(older.identity)
  assert.equal(first.minor(), 0)
  const newer = await serve(t, { choose: (offered) => choose(offered, { major: 1, oldest: 1, newest: 2 }) ?? false })
  const second = connect(options(newer.identity, newer.key))
  await newer.fake.letIn(newer.identity)
  assert.equal(second.minor(), 1)
  first.close()
  second.close()
})
