import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { makeAuthority } from '../helpers/authority.ts'
import { tempDir } from '../helpers/converges.ts'

export type Handler = (request: IncomingMessage, response: ServerResponse) => void

/** An HTTPS server of its own CA for the name localhost, until the test ends. */
export async function httpsServer(t: TestContext, handler: Handler) {
  const authority = await makeAuthority('localhost')
  const port = await listening(t, createServer({ cert: authority.cert, key: authority.key }, handler))
  const ca = join(await tempDir(t), 'ca.pem')
  writeFileSync(ca, authority.ca)
  return { url: `https://localhost:${port}`, ca, pem: authority.ca }
}

export async function listening(t: TestContext, server: Server) {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  t.after(() => server.closeAllConnections())
  const address = server.address()
  assert(address && typeof address === 'object')
  return address.port
}
