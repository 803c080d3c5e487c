import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { test } from 'node:test'
import { ask, open, shownUrl } from '../../../resources/web/http-client.ts'
import { httpsServer, listening } from '../shelf.ts'

test('a redirect is followed within https:, a bounded number of times, and from https: to http: never', async (t) => {
  const to: Record<string, string> = { '/a': '/b', '/loop': '/loop', '/down': 'http://localhost:1/x' }
  const { url, pem: ca } = await httpsServer(t, (request, response) => {
    const location = to[request.url ?? '']
    if (location === undefined) response.end(`here is ${request.url}`)
    else response.writeHead(302, { location }).end()
  })
  const asking = { ca, insecure: true }
  assert.deepEqual(await ask(`${url}/a`, asking), { status: 200, text: 'here is /b' })
  await assert.rejects(ask(`${url}/loop`, asking), /after 5 redirects; no more are followed/)
  await assert.rejects(ask(`${url}/down`, asking), /leads to http:\/\/localhost:1\/x, which is not https:\.$/)
  await assert.rejects(
    ask(`${url}/a`, { ...asking, method: 'PUT', body: '{}' }),
    /leads to .*\/b, where nothing is sent/,
  )
})

test('a redirect to http: elsewhere is refused as if it had been asked for', async (t) => {
  const redirecting = createServer((_request, response) =>
    response.writeHead(301, { location: 'http://192.0.2.1/x' }).end(),
  )
  const url = `http://127.0.0.1:${await listening(t, redirecting)}`
  await assert.rejects(ask(url, { insecure: false }), /^Error: http:\/\/192\.0\.2\.1\/x asks 192\.0\.2\.1 by http:/)
})

test('headers of a recipe stay with the host that they are for', async (t) => {
  const seen: unknown[] = []
  const elsewhere = createServer(({ headers }, response) => {
    seen.push([headers.authorization, headers.range])
    response.end()
  })
  const other = `http://127.0.0.1:${await listening(t, elsewhere)}/x`
  const first = createServer(({ headers, url }, response) => {
    seen.push([headers.authorization, headers.range])
    response.writeHead(302, { location: url === '/' ? '/again' : other }).end()
  })
  const url = `http://127.0.0.1:${await listening(t, first)}/`
  await ask(url, { insecure: false, headers: { authorization: 'Bearer s3cret', range: 'bytes=5-' } })
  assert.deepEqual(seen, [
    ['Bearer s3cret', 'bytes=5-'],
    ['Bearer s3cret', 'bytes=5-'],
    [undefined, 'bytes=5-'],
  ])
})

test('silence, slowness and endless answers come to an end', async (t) => {
  const endless = createServer(({ url }, response) => {
    if (url === '/silent') return
    const more = () => response.write(url === '/slow' ? '.' : Buffer.alloc(1024 * 1024), (error) => error ?? next())
    const next = () => (url === '/slow' ? setTimeout(more, 20) : setImmediate(more))
    more()
  })
  const url = `http://127.0.0.1:${await listening(t, endless)}`
  const asking = { insecure: false }
  await assert.rejects(
    open(`${url}/silent`, { ...asking, idleMs: 50 }),
    /\/silent gave no answer: it said nothing for 0\.05 s/,
  )
  await assert.rejects(ask(`${url}/slow`, asking, 100), /it took too long/)
  await assert.rejects(ask(`${url}/endless`, asking), /answers with more than 4194304 bytes/)
})

test('a server that is not believed, or not there, is told in words', async (t) => {
  const { url } = await httpsServer(t, (_request, response) => response.end())
  await assert.rejects(ask(`${url}/x?token=s3cret`, { insecure: false }), (error: Error) => {
    assert.match(error.message, /^https:\/\/localhost:\d+\/x\?… gave no answer: .*certificate/)
    return true
  })
  await assert.rejects(ask('http://127.0.0.1:1/', { insecure: false }), /gave no answer: connect ECONNREFUSED/)
  assert.equal(shownUrl('https://a.example/b?sig=1#c'), 'https://a.example/b?…')
})
