import assert from 'node:assert/strict'
import type { Server } from 'node:net'
import type { TestContext } from 'node:test'

/** Listens on a free port of 127.0.0.1 until the test ends, and gives the URL. */
export async function listen(t: TestContext, server: Server) {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const address = server.address()
  assert(address && typeof address === 'object')
  return `https://127.0.0.1:${address.port}`
}
