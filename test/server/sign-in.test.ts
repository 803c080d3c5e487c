import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { api } from '../../protocol/api.ts'
import { readSignInSettings } from '../../server/sign-in/settings.ts'
import { tempDir } from '../helpers/converges.ts'
import { identityProvider, throughProvider } from '../helpers/identity-provider.ts'
import { serve } from '../helpers/test-server.ts'
import { type Visitor, visitor } from '../helpers/visitor.ts'

const url = 'https://trivet.example:8443'

/** A server that a real provider says for who somebody is, and Ann, who is a user of both. */
async function withProvider(t: TestContext) {
  const provider = await identityProvider(t, url)
  const clock = { ahead: 0 }
  const served = await serve(t, { signIn: provider.settings, clock: () => Date.now() + clock.ahead })
  await served.client.call(api.createUser, {
    name: 'ann',
    access: 'operator',
    clusters: ['blue'],
    login: 'ann@example.com',
  })
  return { ...provider, served, clock, browser: visitor(served) }
}

const navigation = { headers: { accept: 'text/html', 'sec-fetch-site': 'cross-site' } }

async function begin({ ask }: Visitor, to = '/nodes?state=failed') {
  const { status, headers } = await ask(`/sign-in/begin?to=${encodeURIComponent(to)}`, navigation)
  assert.equal(status, 302)
  return String(headers['location'])
}

/** The whole way; what the server answers at its end. */
async function signIn(browser: Visitor, to?: string) {
  return browser.ask(await throughProvider(await begin(browser, to)), navigation)
}

async function nameOf({ ask }: Visitor) {
  return (await ask('/api/session')).json.session?.name
}

test('who signs in by the provider gets a session of the user with that login, and the page that was asked for', async (t) => {
  const { browser, served } = await withProvider(t)
  assert.deepEqual((await browser.ask('/api/session')).json, {
    session: null,
    provider: { name: 'Example', url: `${url}/sign-in/begin` },
  })
  const to = new URL(await begin(browser))
  assert.equal(to.searchParams.get('code_challenge_method'), 'S256')
  for (const name of ['state', 'nonce', 'code_challenge']) assert((to.searchParams.get(name)?.length ?? 0) >= 43, name)
  assert.match(browser.cookies.get('__Host-trivet-sign-in') ?? '', /Secure; HttpOnly; SameSite=Lax; Max-Age=600$/)
  const { status, headers } = await signIn(browser)
  assert.deepEqual([status, headers['location']], [302, '/nodes?state=failed'])
  assert.deepEqual([...browser.cookies.keys()], ['__Host-trivet-session'])
  assert.match(browser.cookies.get('__Host-trivet-session') ?? '', /SameSite=Strict/)
  const me = (await browser.ask('/api/whoami')).json
  assert.deepEqual([me.name, me.access, me.clusters, me.token], ['ann', 'operator', ['blue'], null])
  await served.client.call(api.changeUser, { user: 'ann', disabled: true })
  assert.equal(await nameOf(browser), undefined)
})

test('nobody is led to another site after signing in', async (t) => {
  const { browser } = await withProvider(t)
  for (const to of ['https://evil.example/', '//evil.example', '/\\evil.example', '///evil.example', 'javascript:1'])
    assert.match(String((await signIn(browser, to)).headers['location']), /^\/(?![/\\])/, to)
})

test('an answer to another sign-in, or to none, begins no session', async (t) => {
  const { browser, served, clock } = await withProvider(t)
  const refused = async (path: string, code: string, by = browser) => {
    const { status, text, headers } = await by.ask(path, navigation)
    assert.equal(status, 403, text)
    assert(text.includes(code), text)
    assert.match(String(headers['content-security-policy']), /default-src 'none'/)
    assert.equal(await nameOf(by), undefined)
  }
  const back = await throughProvider(await begin(browser))
  await refused(back, 'sign-in-over', visitor(served))
  await refused(back.replace(/state=[^&]+/, 'state=wrong'), 'sign-in-refused')
  await refused(back, 'sign-in-over')
  const first = await throughProvider(await begin(browser))
  await begin(browser)
  await refused(first, 'sign-in-refused')
  await begin(browser)
  await refused('/sign-in/callback?error=access_denied&state=x', 'sign-in-refused')
  const late = await throughProvider(await begin(browser))
  clock.ahead = 11 * 60_000
  await refused(late, 'sign-in-over')
})

test('the code of somebody else is of no use without the verifier that only their browser has', async (t) => {
  const { browser, served } = await withProvider(t)
  const code = /code=([^&]+)/.exec(await throughProvider(await begin(browser)))?.[1] ?? ''
  const other = visitor(served)
  const theirs = await throughProvider(await begin(other))
  const { status, text } = await other.ask(theirs.replace(/code=[^&]+/, `code=${code}`), navigation)
  assert.equal(status, 403)
  assert(text.includes('sign-in-refused'), text)
  assert.equal(await nameOf(other), undefined)
})

test('who is no user, is disabled, or has an address that was not verified is told so', async (t) => {
  const { browser, served, is } = await withProvider(t)
  const told = async () => {
    const { status, text } = await signIn(browser)
    assert.equal(status, 403)
    assert.equal(await nameOf(browser), undefined)
    return text
  }
  is.account = { sub: 'b-1', email: '<b>bob</b>@example.com', email_verified: true }
  assert.match(await told(), /has the login &#60;b&#62;bob&#60;\/b&#62;@example\.com/)
  is.account = { sub: 'b-2', email: 'ann@example.com', email_verified: false }
  assert.match(await told(), /Example has not verified the e-mail address ann@example\.com/)
  is.account = { sub: 'b-3' }
  assert.match(await told(), /does not tell an e-mail address/)
  is.account = { sub: 'a-1', email: 'ann@example.com', email_verified: true }
  await served.client.call(api.changeUser, { user: 'ann', disabled: true })
  assert.match(await told(), /The user ann is disabled/)
})

test('a provider that is away refuses nobody else, and is asked again', async (t) => {
  const { browser, served, settings, close } = await withProvider(t)
  const back = await throughProvider(await begin(browser))
  await close()
  const { status, text } = await browser.ask(back, navigation)
  assert.equal(status, 502)
  assert(text.includes('provider-away'), text)
  assert(served.log.some((line) => line.includes('sign-in failed') && line.includes('ECONNREFUSED')))
  const { token } = served
  assert.equal((await browser.ask('/api/session', { method: 'POST', body: { token } })).status, 200)
  const elsewhere = await serve(t, { signIn: { ...settings, issuer: 'http://127.0.0.1:9' } })
  const away = await visitor(elsewhere).ask('/sign-in/begin', navigation)
  assert.deepEqual([away.status, away.headers['location']], [502, undefined])
})

test('neither the secret of the client nor a code is in a log', async (t) => {
  const { browser, served, settings } = await withProvider(t)
  const back = await throughProvider(await begin(browser))
  await browser.ask(back, navigation)
  const code = /code=([^&]+)/.exec(back)?.[1]
  assert(code)
  for (const kept of [settings.clientSecret ?? '', code]) assert(!served.log.join('').includes(kept), 'in the log')
})

test('the settings are a file, the secret another beside it, and what is wrong in them is told', async (t) => {
  const dir = await tempDir(t)
  const path = join(dir, 'sign-in.json')
  const good = { name: 'Example', url: `${url}/`, issuer: 'https://id.example/realms/main', clientId: 'trivet' }
  const read = async (settings: object) => {
    await writeFile(path, JSON.stringify(settings))
    return readSignInSettings(path)
  }
  assert.deepEqual(await read(good), { ...good, url, scopes: ['openid', 'email'], login: 'email' })
  await writeFile(join(dir, 'secret'), 'of the client\n')
  assert.equal((await read({ ...good, clientSecretFile: 'secret' })).clientSecret, 'of the client')
  const wrong: [object, RegExp][] = [
    [{ ...good, issuer: 'http://id.example' }, /sign-in\.json.*issuer: must be https/],
    [{ ...good, url: 'http://trivet.example' }, /url/],
    [{ ...good, clientSecret: 'x' }, /clientSecret/],
    [{ ...good, scopes: ['email'] }, /must have openid/],
    [{ ...good, clientSecretFile: 'none' }, /Cannot read .*none/],
  ]
  for (const [settings, message] of wrong) await assert.rejects(read(settings), message)
})
