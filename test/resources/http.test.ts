import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import { Unforeseeable } from '../../resources/host.ts'
import { http } from '../../resources/http.ts'
import { assertConverges, FakeHost, shown } from '../helpers/converges.ts'
import { httpsServer, listening } from './shelf.ts'

/** Keeps what is PUT, merges what is PATCHed; `said` has each request. */
async function keeper(t: TestContext, at: Record<string, object> = {}) {
  const said: string[] = []
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const { method = '', url = '', headers } = request
    const body = await text(request)
    said.push(`${method} ${url} ${headers.authorization ?? '-'} ${body}`)
    const current = at[url]
    if (method === 'PUT') at[url] = JSON.parse(body)
    if (method === 'PATCH') at[url] = { ...current, ...JSON.parse(body) }
    if (method === 'DELETE') delete at[url]
    response.statusCode = method === 'GET' && !current ? 404 : 200
    response.end(JSON.stringify(method === 'GET' ? current : {}))
  }
  const server = createServer((request, response) => void answer(request, response))
  return { base: `http://127.0.0.1:${await listening(t, server)}`, said, at }
}

async function look(url: string, props: object) {
  return shown(await http.check(url, http.props.parse(props), new FakeHost()))
}

test('http asks, and sends what is wanted only where it is not so', async (t) => {
  const { base, said, at } = await keeper(t, { '/settings': { a: 1, filled: 'in' } })
  const url = `${base}/settings`
  assert.deepEqual(await look(url, { want: { a: 1 } }), [])
  await assertConverges(http, url, { want: { a: 2, b: { c: [3] } } }, new FakeHost(), ['a: 1 → 2', 'b: - → {"c":[3]}'])
  assert.deepEqual(at['/settings'], { a: 2, b: { c: [3] } })
  assert.deepEqual(
    said.filter((one) => one.startsWith('PUT')),
    ['PUT /settings - {"a":2,"b":{"c":[3]}}'],
  )
})

test('http sends another body, in another way, to another place, with headers', async (t) => {
  const { base, said } = await keeper(t, { '/things/1': { a: 1, b: 1 } })
  const props = {
    want: { a: 2 },
    method: 'PATCH' as const,
    send: { a: 2, why: 'because' },
    sendTo: `${base}/things/1`,
    headers: { Authorization: 'Bearer s3cret' },
  }
  await assertConverges(http, `${base}/things/1`, props, new FakeHost(), ['a: 1 → 2'])
  assert(said.includes('PATCH /things/1 Bearer s3cret {"a":2,"why":"because"}'))
})

test('http makes what is missing and deletes what is not wanted', async (t) => {
  const { base, at } = await keeper(t)
  await assertConverges(http, `${base}/x`, { want: { a: 1 } }, new FakeHost(), ['ensure: absent → present'])
  await assertConverges(http, `${base}/x`, { ensure: 'absent' }, new FakeHost(), ['ensure: present → absent'])
  assert.deepEqual(at, {})
  assert.deepEqual(await look(`${base}/x`, { ensure: 'absent' }), [])
})

test('http waits for a server that comes later, and tells why when it does not', async (t) => {
  const answers = [503, 503, 200]
  let failing = false
  const server = createServer((_request, response) => {
    response.statusCode = failing ? 500 : (answers.shift() ?? 200)
    response.end(response.statusCode === 200 ? '{"a":1}' : 'starting')
  })
  const url = `http://127.0.0.1:${await listening(t, server)}/`
  const want = http.props.parse({ want: { a: 1 } })
  const changes = await http.check(url, want, new FakeHost())
  assert.deepEqual(shown(changes), ['answer: 503: starting → how it is'])
  await http.apply(url, want, new FakeHost(), changes)
  assert.deepEqual(answers, [])

  failing = true
  const hurried = http.props.parse({ want: { a: 1 }, withinMs: 100 })
  await assert.rejects(
    async () => http.apply(url, hurried, new FakeHost(), []),
    /Waited 100 ms for http.* to say how it is in vain: 500: starting$/,
  )
  server.close()
  server.closeAllConnections()
  assert.match((await look(url, { want: {} }))[0] ?? '', /^answer: .* gave no answer: connect ECONNREFUSED/)
})

test('http fails with what the server says to a change it refuses', async (t) => {
  const server = createServer(({ method }, response) => {
    response.statusCode = method === 'GET' ? 200 : 422
    response.end(method === 'GET' ? '{}' : '{"message":"a must be even"}')
  })
  const url = `http://127.0.0.1:${await listening(t, server)}/s?key=s3cret`
  const want = http.props.parse({ want: { a: 1 } })
  await assert.rejects(
    async () => http.apply(url, want, new FakeHost(), []),
    /^Error: PUT http:\/\/127\.0\.0\.1:\d+\/s\?… was answered with 422: \{"message":"a must be even"\}$/,
  )
})

test('http believes the authorities that it is told, and takes no page for JSON', async (t) => {
  const { url, ca } = await httpsServer(t, (_request, response) => response.end('<html>'))
  assert.match(
    (await look(url, { want: {}, ca })).join(),
    /^answer: It answers with what is no JSON: <html> → how it is$/,
  )
  assert.match((await look(url, { want: {} })).join(), /certificate/)
  assert.match(
    (await look(url, { want: {}, ca: '/nowhere/ca.pem' })).join(),
    /cannot be read.*Declare the file before this/,
  )
})

const foreseen = {
  look: async () => ({ exitCode: 0, stdout: '', stderr: '' }),
  foresee: () => {},
  foreseeUnit: () => {},
  foreseeReload: () => {},
  packagesInDoubt: undefined,
  doubt: () => {},
  mayBring: () => {},
  brought: [],
}

async function effects(what: string) {
  const host = Object.assign(new FakeHost(), foreseen)
  const changes = [{ what, from: '503: starting', to: '' }]
  await http.effects?.('http://localhost/', http.props.parse({ want: {} }), host, changes)
}

test('http in a plan is unknown where nothing answers, and tells its changes where something does', async () => {
  await assert.rejects(effects('answer'), Unforeseeable)
  await effects('a.b')
})

function problem(url: string, props: object) {
  return http.problem?.(url, http.props.parse(props), {})
}

test('http must want something, of a place that is safe to ask', () => {
  assert.match(problem('https://a.example/', {}) ?? '', /must say what it wants/)
  assert.equal(problem('https://a.example/', { ensure: 'absent' }), undefined)
  assert.match(problem('http://a.example/', { want: {} }) ?? '', /by http:/)
  assert.match(problem('https://a.example/', { want: {}, sendTo: 'http://a.example/' }) ?? '', /by http:/)
})
