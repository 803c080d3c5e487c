import assert from 'node:assert/strict'
import { test } from 'node:test'
import { api } from '../../protocol/api.ts'
import { ApiFault } from '../../server/api/fault.ts'
import { createRateLimit } from '../../server/rate-limit.ts'
import { connect, enrol } from '../helpers/fake-agent.ts'
import { type Served, serve } from '../helpers/test-server.ts'
import { visitor } from '../helpers/visitor.ts'

test('so many are let in within a while, each user for itself, and anew when it is over', async (t) => {
  t.mock.timers.enable({ apis: ['Date', 'setTimeout'] })
  const limit = createRateLimit('too-many-requests', { most: 2, withinMs: 10_000 })
  const take = (of: string) => limit.take(of, 'requests').then(() => 'let in', retryOf)
  assert.equal(await take('ann'), 'let in')
  t.mock.timers.tick(4000)
  assert.deepEqual([await take('ann'), await take('ann'), await take('bob')], ['let in', 6000, 'let in'])
  t.mock.timers.tick(5999)
  assert.equal(await take('ann'), 1)
  t.mock.timers.tick(1)
  assert.equal(await take('ann'), 'let in')
})

function retryOf(error: unknown) {
  assert(error instanceof ApiFault && error.code === 'too-many-requests')
  return JSON.parse(JSON.stringify(error.details)).retryAfterMs
}

/** Asks with a token of its own. */
async function callerOf(served: Served, user: string, name: string) {
  const { token } = await served.client.call(api.createApiToken, { name, user })
  return () => visitor(served).ask('/api/whoami', { headers: { authorization: `Bearer ${token}` } })
}

test('a user who asks too often is told when to ask again; other users and agents go on', async (t) => {
  const served = await serve(t, { limits: { user: 10 } })
  for (const name of ['ann', 'bob'])
    await served.client.call(api.createUser, { name, access: 'viewer', clusters: 'all' })
  const [one, other, bob] = [
    await callerOf(served, 'ann', 'one'),
    await callerOf(served, 'ann', 'other'),
    await callerOf(served, 'bob', 'one'),
  ]
  const { keys } = await enrol(served.place, await served.joinToken({ roles: ['word'], uses: 9 }), 'n1')
  for (const _ of Array(10)) assert.equal((await one()).status, 200)
  const { status, headers, json } = await other()
  assert.deepEqual([status, json.code], [429, 'too-many-requests'], 'another token of the user is the same user')
  const seconds = Number(headers['retry-after'])
  assert(seconds > 0 && seconds <= 60, `Retry-After: ${seconds}`)
  assert.equal(Math.ceil(json.details.retryAfterMs / 1000), seconds)
  assert.match(json.error, /^Too many requests by ann\. Wait \d+ s\.$/)
  assert.equal((await bob()).status, 200)
  for (const _ of Array(12)) await (await connect(served.place, keys)).next('catalog')
})

test('an address from which nobody known asks too often is told so; who is known goes on from there', async (t) => {
  const served = await serve(t, { limits: { unknown: 3 } })
  const [stranger, elsewhere] = [visitor(served), visitor(served, '127.0.0.2')]
  for (const _ of Array(3)) assert.equal((await stranger.ask('/api/session')).status, 200)
  const refused = await stranger.ask('/api/session')
  assert.deepEqual([refused.status, refused.json.code], [429, 'too-many-requests'])
  assert(Number(refused.headers['retry-after']) > 0)
  assert.equal((await stranger.ask('/api/nodes')).json.code, 'too-many-requests')
  const signIn = { method: 'POST', body: { token: served.token } }
  assert.equal((await stranger.ask('/api/session', signIn)).json.code, 'too-many-requests')
  assert.equal((await elsewhere.ask('/api/session', signIn)).status, 200)
  await served.client.call(api.whoami, {})
})

test('whoever is signed in reads the session as often as any user may ask', async (t) => {
  const served = await serve(t, { limits: { unknown: 1 } })
  const browser = visitor(served)
  assert.equal((await browser.ask('/api/session', { method: 'POST', body: { token: served.token } })).status, 200)
  for (const _ of Array(3)) assert.equal((await browser.ask('/api/session')).status, 200)
})
