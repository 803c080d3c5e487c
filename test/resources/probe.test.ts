import assert from 'node:assert/strict'
import { createServer as createHttpServer } from 'node:http'
import { createServer, type Server } from 'node:net'
import { test, type TestContext } from 'node:test'
import { probe } from '../../resources/probe.ts'
import { FakeHost } from '../helpers/converges.ts'

function listen(server: Server, t: TestContext) {
  t.after(() => server.close())
  return new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve(typeof address === 'object' && address ? address.port : 0)
    })
  })
}

const look = async (props: object, host = new FakeHost()) =>
  (await probe.check('it', probe.props.parse(props), host)).map(({ from }) => from)

test('probe sees whether a port answers', async (t) => {
  const server = createServer((socket) => socket.end())
  const port = await listen(server, t)
  assert.deepEqual(await look({ tcp: { port } }), [])
  server.close()
  assert.deepEqual(await look({ tcp: { port } }), [`connect ECONNREFUSED 127.0.0.1:${port}`])
})

test('probe says something to a port and reads until the answer fits', async (t) => {
  const port = await listen(
    createServer((socket) =>
      socket.once('data', (said) => socket.end(said.toString() === 'srvr' ? 'Zookeeper\nMode: leader\n' : 'what?')),
    ),
    t,
  )
  assert.deepEqual(await look({ tcp: { port, send: 'srvr', expect: '^Mode: (leader|follower)' } }), [])
  assert.deepEqual(await look({ tcp: { port, send: 'ruok', expect: 'imok' } }), [
    `closed; 127.0.0.1:${port} said "what?", which does not match imok`,
  ])
})

test('probe does not wait for a port that says nothing', async (t) => {
  const port = await listen(
    createServer((socket) => t.after(() => socket.destroy())),
    t,
  )
  assert.deepEqual(await look({ tcp: { port, expect: 'x' }, withinMs: 1000 }), [
    `127.0.0.1:${port} said nothing within 1000 ms`,
  ])
})

test('probe judges status and body of a page', async (t) => {
  const server = createHttpServer((request, response) => {
    response.statusCode = request.url === '/gone' ? 404 : 200
    response.end('{"status":"green"}')
  })
  const url = `http://127.0.0.1:${await listen(server, t)}`
  assert.deepEqual(await look({ http: { url } }), [])
  assert.deepEqual(await look({ http: { url, expect: '"green"' } }), [])
  assert.deepEqual(await look({ http: { url: `${url}/gone`, status: 404 } }), [])
  assert.deepEqual(await look({ http: { url: `${url}/gone` } }), [
    `${url}/gone answered with 404: said "{\\"status\\":\\"green\\"}"`,
  ])
  assert.deepEqual(await look({ http: { url, expect: 'red' } }), [
    `${url} said "{\\"status\\":\\"green\\"}", which does not match red`,
  ])
})

test('probe gives up on a page that never ends', async (t) => {
  const server = createHttpServer((_request, response) => response.write('…'))
  t.after(() => server.closeAllConnections())
  const url = `http://127.0.0.1:${await listen(server, t)}`
  assert.deepEqual(await look({ http: { url }, withinMs: 1000 }), [`${url} did not answer within 1000 ms`])
})

test('probe runs a command, with a time to answer in', async () => {
  const host = new FakeHost({ 'check it': { exitCode: 2, stderr: 'not yet' } })
  assert.deepEqual(await look({ command: ['check', 'it'] }, host), ['check it exited with 2: not yet'])
  assert.equal(host.options[0]?.timeoutMs, 5000)
  assert.deepEqual(await look({ command: ['true'] }, host), [])
})

test('probe waits until what it looks at is well', async () => {
  let tries = 0
  const host = new FakeHost({ 'check it': () => ({ exitCode: ++tries < 4 ? 1 : 0 }) })
  await probe.apply('it', probe.props.parse({ command: ['check', 'it'], everyMs: 10 }), host, [])
  assert.equal(tries, 4)
})

test('probe fails at its deadline with what the last try said', async () => {
  const host = new FakeHost({ 'check it': { exitCode: 1, stderr: 'no leader' } })
  const want = probe.props.parse({ command: ['check', 'it'], everyMs: 10, withinMs: 50 })
  await assert.rejects(
    async () => probe.apply('zookeeper', want, host, []),
    /^Error: probe\[zookeeper\] did not succeed within 50 ms\. The last try said: check it exited with 1: no leader$/,
  )
})

test('probe wants exactly one thing to look at, and patterns that are patterns', () => {
  assert.equal(probe.props.safeParse({}).success, false)
  assert.equal(probe.props.safeParse({ tcp: { port: 1 }, command: ['true'] }).success, false)
  assert.equal(probe.props.safeParse({ tcp: { port: 1, expect: '(' } }).success, false)
  assert.equal(probe.props.safeParse({ http: { url: 'ftp://x/' } }).success, false)
})
