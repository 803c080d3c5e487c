import assert from 'node:assert/strict'
import { test } from 'node:test'
import { api } from '../../protocol/api.ts'
import { type Served, serve } from '../helpers/test-server.ts'
import { ownPage, type Visitor, visitor } from '../helpers/visitor.ts'

function signIn({ ask }: Visitor, token: string) {
  return ask('/api/session', { method: 'POST', body: { token } })
}

/** Somebody who signed in as a user of that name, with the id of the token. */
async function signedIn(served: Served, name = 'ann') {
  await served.client.call(api.createUser, { name, access: 'operator', clusters: 'all' })
  const { token, id } = await served.client.call(api.createApiToken, { name: 'one', user: name })
  const browser = visitor(served)
  assert.equal((await signIn(browser, token)).status, 200)
  return { ...browser, id, token }
}

async function codeAt({ ask }: Pick<Visitor, 'ask'>, path = '/api/whoami') {
  const { status, json } = await ask(path)
  return status === 200 ? 'let in' : json.code
}

const cookie = '__Host-trivet-session'

test('an API token begins a session with a cookie that no script and no other site has, and signing out ends it', async (t) => {
  const served = await serve(t)
  const browser = await signedIn(served)
  const set = browser.cookies.get(cookie) ?? ''
  assert.match(set, /^\w+\.[\w-]{43}; Path=\/; Secure; HttpOnly; SameSite=Strict; Max-Age=43200$/)
  const { session } = (await browser.ask('/api/session')).json
  assert.deepEqual([session.name, session.access, session.clusters], ['ann', 'operator', 'all'])
  assert.equal((await browser.ask('/api/whoami')).json.name, 'ann')
  const again = visitor(served)
  again.cookies.set(cookie, set)
  assert.deepEqual((await browser.ask('/api/session', { method: 'DELETE' })).status, 200)
  assert.equal(browser.cookies.size, 0)
  assert.equal(await codeAt(again), 'not-logged-in')
  assert.equal((await again.ask('/api/session')).json.session, null)
  const rows = await served.client.list(api.listAudit, { author: 'ann' })
  const told = rows.map(({ action, token, from }) => [action, token, from])
  assert.deepEqual(told, [
    ['end-session', browser.id, '127.0.0.1'],
    ['create-session', browser.id, '127.0.0.1'],
  ])
})

test('a session ends at once when its token is revoked or its user disabled, and with the token at the latest', async (t) => {
  let ahead = 0
  const served = await serve(t, { clock: () => Date.now() + ahead })
  const [ann, bob, eve] = [await signedIn(served), await signedIn(served, 'bob'), visitor(served)]
  await served.client.call(api.revokeApiToken, { id: ann.id })
  assert.equal(await codeAt(ann), 'not-logged-in')
  const disable = (disabled: boolean) => served.client.call(api.changeUser, { user: 'bob', disabled })
  await disable(true)
  await disable(false)
  assert.equal(await codeAt(bob), 'not-logged-in', 'it does not come back with the user')
  const { token } = await served.client.call(api.createApiToken, { name: 'short', ttlMs: 60_000 })
  await signIn(eve, token)
  assert.match(eve.cookies.get(cookie) ?? '', /Max-Age=(60|59)$/)
  ahead = 61_000
  assert.equal(await codeAt(eve), 'token-expired')
})

test('a user has 100 sessions at most: the oldest ends for a new one, and nobody else loses one', async (t) => {
  const served = await serve(t)
  const [oldest, bob] = [await signedIn(served), await signedIn(served, 'bob')]
  const signInAgain = async () => {
    const again = visitor(served)
    assert.equal((await signIn(again, oldest.token)).status, 200)
    return again
  }
  const second = await signInAgain()
  for (const _ of Array(98)) await signInAgain()
  assert.equal(await codeAt(oldest), 'let in')
  const newest = await signInAgain()
  assert.deepEqual(await Promise.all([oldest, second, newest, bob].map((browser) => codeAt(browser))), [
    'not-logged-in',
    'let in',
    'let in',
    'let in',
  ])
})

test('a session ends when nobody uses it for two hours, and after twelve in any case', async (t) => {
  let ahead = 0
  const served = await serve(t, { clock: () => Date.now() + ahead })
  const [idle, busy] = [await signedIn(served), await signedIn(served, 'bob')]
  for (const _ of Array(7)) {
    ahead += 100 * 60_000
    assert.equal(await codeAt(busy), 'let in')
  }
  assert.equal(await codeAt(idle), 'session-ended')
  ahead += 21 * 60_000
  assert.equal(await codeAt(busy), 'session-ended')
})

test('what a page of another site lets a browser ask with the cookie is refused', async (t) => {
  const served = await serve(t)
  const { ask, token } = await signedIn(served)
  const write = async (headers: Record<string, string>) =>
    (await ask('/api/tokens', { method: 'POST', headers, body: { uses: 0 } })).json.code
  const ours = { 'x-trivet-console': '1' }
  // Let in it is refused for what it asks.
  assert.equal(await write(ownPage), 'not-allowed')
  assert.equal(await write({ ...ours, origin: served.url }), 'not-allowed')
  assert.equal(await write({ 'sec-fetch-site': 'same-origin' }), 'other-site')
  for (const site of ['cross-site', 'same-site', 'none']) {
    assert.equal(await write({ ...ours, 'sec-fetch-site': site }), 'other-site')
    assert.equal(await write({ ...ours, 'sec-fetch-site': site, origin: served.url }), 'other-site')
  }
  assert.equal(await write({ ...ours, origin: 'https://evil.example' }), 'other-site')
  assert.equal(await write({ ...ours, origin: 'null' }), 'other-site')
  assert.equal(await write(ours), 'other-site')
  assert.equal((await ask('/api/whoami', { headers: { 'sec-fetch-site': 'cross-site' } })).status, 403)
  assert.equal((await ask('/api/whoami', { headers: { 'sec-fetch-site': 'none' } })).status, 200)
  const bearer = { authorization: `Bearer ${token}`, 'sec-fetch-site': 'cross-site' }
  assert.equal((await ask('/api/whoami', { headers: bearer })).status, 200, 'no other site has a token')
  const begin = { method: 'POST', headers: { 'sec-fetch-site': 'cross-site' }, body: { token } }
  assert.equal((await ask('/api/session', begin)).json.code, 'other-site')
})

test('a stream ends as soon as who reads it may no more', { timeout: 30_000 }, async (t) => {
  const served = await serve(t)
  const [ann, bob, cem] = [await signedIn(served), await signedIn(served, 'bob'), await signedIn(served, 'cem')]
  const streams = [ann, bob, cem].map(({ ask }) => ask('/api/events'))
  // Answered by the time that the streams are open.
  for (const browser of [ann, bob, cem]) await browser.ask('/api/whoami')
  await served.client.call(api.revokeApiToken, { id: ann.id })
  await streams[0]
  await served.client.call(api.changeUser, { user: 'bob', access: 'viewer' })
  await streams[1]
  await cem.ask('/api/session', { method: 'DELETE' })
  await streams[2]
})

test('sign-ins that fail too often are refused, with when to try again, by address and by user', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
  const served = await serve(t)
  const { token, id } = await signedIn(served)
  const [browser, elsewhere] = [visitor(served), visitor(served, '127.0.0.2')]
  for (const _ of Array(10)) assert.equal((await signIn(browser, `${id}.wrong`)).json.code, 'not-logged-in')
  assert.equal((await signIn(browser, served.token)).status, 429, 'nobody signs in from that address')
  assert.equal((await signIn(elsewhere, token)).status, 429, 'that user signs in from nowhere')
  assert.equal((await signIn(elsewhere, served.token)).status, 200)
  assert.equal((await elsewhere.ask('/api/whoami')).status, 200)
  const refused = await signIn(browser, token)
  assert.deepEqual([refused.status, refused.json.code], [429, 'too-many-attempts'])
  const seconds = Number(refused.headers['retry-after'])
  assert(seconds > 0 && seconds <= 300, `Retry-After: ${seconds}`)
  assert.equal(Math.ceil(refused.json.details.retryAfterMs / 1000), seconds)
  t.mock.timers.tick(refused.json.details.retryAfterMs + 1)
  assert.equal((await signIn(browser, token)).status, 200)
})

test('neither the cookie nor the token of a session is in a log or the audit', async (t) => {
  const served = await serve(t)
  const browser = await signedIn(served)
  await codeAt(browser, '/api/nodes/nothing')
  const secret = /\.([\w-]{43});/.exec(browser.cookies.get(cookie) ?? '')?.[1]
  assert(secret)
  const told = JSON.stringify([served.log, await served.client.list(api.listAudit, {})])
  for (const kept of [secret, browser.token.split('.')[1] ?? '']) assert(!told.includes(kept))
})
