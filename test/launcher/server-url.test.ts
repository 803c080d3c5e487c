import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { CommandError, UsageError } from '../../cli/command.ts'
import { ServerUrl, urlForNodes } from '../../launcher/server-url.ts'

test('nodes call the server as was said, or as the operator does', () => {
  assert.equal(urlForNodes('https://10.213.0.1:8443/', 'https://127.0.0.1:8443'), 'https://10.213.0.1:8443')
  assert.equal(urlForNodes(undefined, 'https://trivet.example:8443'), 'https://trivet.example:8443')
  assert.equal(urlForNodes(undefined, 'https://[fd00::1]:8443'), 'https://[fd00::1]:8443')
})

for (const login of [
  '127.0.0.1:8443',
  'localhost:8443',
  '[::1]:8443',
  '0.0.0.0:8443',
  '[::ffff:127.0.0.1]:8443',
  'a.localhost',
]) {
  test(`nodes cannot reach ${login}, and what to do is told`, () => {
    assert.throws(
      () => urlForNodes(undefined, `https://${login}`),
      (error) =>
        error instanceof UsageError && /Next: have it listen for others .* say --server-url /.test(error.message),
    )
  })
}

test('what is no address of a server is refused', () => {
  assert.throws(() => urlForNodes('https://10.0.0.1:8443/a?b', ''), /Next: --server-url https:\/\/10\.0\.0\.1:8443$/)
  for (const said of ['http://10.0.0.1', '10.0.0.1:8443', 'x']) assert.throws(() => urlForNodes(said, ''), UsageError)
})

const at = (port: number) => new ServerUrl(undefined, `https://localhost:${port}`, async () => '127.0.0.1')

test('machines that are made on this machine find a server of its loopback at the address by which they reach it', async (t) => {
  const listener = createServer().listen(0, '127.0.0.1')
  await once(listener, 'listening')
  t.after(() => listener.close())
  const address = listener.address()
  assert(address !== null && typeof address === 'object')
  at(address.port).check()
  assert.equal(await at(address.port).find(), `https://127.0.0.1:${address.port}`)
  await assert.rejects(at(1).find(), (error) => {
    assert(error instanceof CommandError)
    assert.match(
      error.message,
      /^Nodes look for the server at 127\.0\.0\.1:1, and nothing listens there: .* --listen 0\.0\.0\.0:1$/,
    )
    return true
  })
})

test('what was said goes before the address of this machine', async () => {
  const url = new ServerUrl('https://10.1.2.3:7600', 'https://localhost:8443', () => assert.fail('asked'))
  assert.equal(await url.find(), 'https://10.1.2.3:7600')
})
