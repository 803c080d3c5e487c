import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { createServer as createPlainServer } from 'node:net'
import { test } from 'node:test'
import { createServer } from 'node:tls'
import { fetchCa, PinError } from '../../protocol/pin.ts'
import { makeAuthority } from '../helpers/authority.ts'
import { listen } from '../helpers/listen.ts'

test('fetchCa gives the CA whose hash the token carries', async (t) => {
  const authority = await makeAuthority()
  const url = await listen(t, createServer(authority))

  const pem = await fetchCa(url, authority.sha256)

  assert.equal(new X509Certificate(pem).fingerprint256, new X509Certificate(authority.ca).fingerprint256)
})

test('fetchCa refuses another CA, and says which it met and which it expected', async (t) => {
  const [authority, other] = [await makeAuthority(), await makeAuthority()]
  const url = await listen(t, createServer(authority))

  await assert.rejects(fetchCa(url, other.sha256), (error: Error) => {
    assert(error instanceof PinError)
    return [authority.sha256, other.sha256, 'Nothing was sent'].every((part) => error.message.includes(part))
  })
})

test('fetchCa refuses a server that shows only its own certificate', async (t) => {
  const { leaf, key, sha256 } = await makeAuthority()
  const url = await listen(t, createServer({ cert: leaf, key }))

  await assert.rejects(fetchCa(url, sha256), /shows no CA certificate/)
})

test('fetchCa says that nothing listens', async (t) => {
  const server = createPlainServer()
  const url = await listen(t, server)
  await new Promise((resolve) => server.close(resolve))

  await assert.rejects(fetchCa(url, 'f'.repeat(64)), /Cannot reach https:.*nothing listens there/)
})

test('fetchCa says that a server does not speak TLS', async (t) => {
  const url = await listen(
    t,
    createPlainServer((socket) => socket.on('error', () => socket.destroy()).end('HTTP/1.1 400 Bad Request\r\n\r\n')),
  )

  await assert.rejects(fetchCa(url, 'f'.repeat(64)), /does not speak TLS/)
})

test('fetchCa says that a server closed at once', async (t) => {
  const url = await listen(
    t,
    createPlainServer((socket) => socket.destroy()),
  )

  await assert.rejects(fetchCa(url, 'f'.repeat(64)), PinError)
})

test('fetchCa gives up on a server that stays silent', async (t) => {
  const url = await listen(
    t,
    createPlainServer((socket) => t.after(() => socket.destroy())),
  )

  await assert.rejects(fetchCa(url, 'f'.repeat(64), 50), /did not answer within 0.05 s/)
})
