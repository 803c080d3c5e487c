import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { createServer, get, type IncomingMessage, type RequestListener } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import { startAptCache } from '../../lab/apt-cache.ts'
import { until } from '../../lab/run.ts'

const deb = '/debian/pool/main/t/tree_1_amd64.deb'
const index = '/debian/dists/trixie/InRelease'

/** A mirror that answers as told, and a cache before it. */
async function setUp(t: TestContext, answer: RequestListener) {
  const dir = await mkdtemp(join(tmpdir(), 'trivet-apt-'))
  const requests: string[] = []
  const mirror = createServer((request, response) => {
    requests.push(request.url ?? '')
    answer(request, response)
  }).listen(0, '127.0.0.1')
  await once(mirror, 'listening')
  const address = mirror.address()
  assert.ok(address && typeof address === 'object')
  const mirrorUrl = `http://127.0.0.1:${address.port}`
  const cache = await startAptCache({ host: '127.0.0.1', dir })
  t.after(async () => {
    await cache.close()
    mirror.closeAllConnections()
    mirror.close()
    await rm(dir, { recursive: true })
  })
  const proxy = new URL(cache.url)
  const start = (path: string, headers: Record<string, string> = {}) =>
    get({ host: proxy.hostname, port: proxy.port, path: mirrorUrl + path, headers })
  const fetchOne = async (path: string, headers: Record<string, string> = {}) => {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      start(path, headers).once('response', resolve).once('error', reject)
    })
    return { status: response.statusCode, cache: response.headers['x-trivet-cache'], body: await text(response) }
  }
  return { cache, dir, fetchOne, mirror, requests, start }
}

test('many nodes that want one package at once cost one download', async (t) => {
  const { fetchOne, requests, cache } = await setUp(t, (_, response) => response.end('package'))

  const answers = await Promise.all([1, 2, 3].map(() => fetchOne(deb)))
  const later = await fetchOne(deb)

  assert.deepEqual(
    answers.map(({ body }) => body),
    ['package', 'package', 'package'],
  )
  assert.deepEqual(later, { status: 200, cache: 'hit', body: 'package' })
  assert.deepEqual(requests, [deb])
  assert.deepEqual(cache.stats, { hits: 3, misses: 1 })
})

test('an index is asked for each time, and comes from the cache while the mirror says that it is the same', async (t) => {
  let content = 'old'
  const { fetchOne, requests } = await setUp(t, (request, response) => {
    if (request.headers['if-none-match'] === `"${content}"`) return response.writeHead(304).end()
    return response.writeHead(200, { etag: `"${content}"` }).end(content)
  })

  assert.deepEqual(await fetchOne(index), { status: 200, cache: 'miss', body: 'old' })
  assert.deepEqual(await fetchOne(index), { status: 200, cache: 'hit', body: 'old' })
  content = 'new'
  assert.deepEqual(await fetchOne(index), { status: 200, cache: 'miss', body: 'new' })
  assert.equal(requests.length, 3)
})

test('a node that has the index already is told so', async (t) => {
  const modified = 'Sat, 09 Aug 2025 09:36:36 GMT'
  const { fetchOne } = await setUp(t, (_, response) =>
    response.writeHead(200, { 'last-modified': modified }).end('index'),
  )
  await fetchOne(index)

  assert.equal((await fetchOne(index, { 'if-modified-since': modified })).status, 304)
})

test('half a download is never served nor kept', async (t) => {
  let broken = true
  const { dir, fetchOne } = await setUp(t, (_, response) => {
    response.writeHead(200, { 'content-length': 7 })
    if (!broken) return response.end('package')
    response.write('pack')
    return setImmediate(() => response.destroy())
  })

  const first = await fetchOne(deb)
  assert.equal(first.status, 502)
  assert.match(first.body, /tree_1_amd64\.deb could not be had: /)
  assert.deepEqual(await readdir(dir), [])
  broken = false
  assert.deepEqual(await fetchOne(deb), { status: 200, cache: 'miss', body: 'package' })
})

test('a mirror that is not there is a 502, what it refuses is passed on', async (t) => {
  const { fetchOne, mirror } = await setUp(t, (_, response) => response.writeHead(404).end())
  assert.equal((await fetchOne(deb)).status, 404)

  mirror.closeAllConnections()
  mirror.close()
  const answer = await fetchOne(deb)
  assert.equal(answer.status, 502)
  assert.match(answer.body, /ECONNREFUSED/)
})

test('a node that goes away does not break the download for the others', async (t) => {
  const mirrorSide = new EventEmitter()
  const { fetchOne, requests, start } = await setUp(t, (_, response) => {
    response.write('pack')
    mirrorSide.once('go on', () => response.end('age'))
  })
  const leaving = start(deb)
  leaving.on('error', () => {})
  await until('the download to begin', async () => requests.length === 1)
  const staying = fetchOne(deb)
  leaving.destroy()
  mirrorSide.emit('go on')

  assert.equal((await staying).body, 'package')
  assert.equal(requests.length, 1)
})
