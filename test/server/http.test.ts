import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createHttp } from '../../server/http.ts'
import { makeAuthority } from '../helpers/authority.ts'

test('a path that is none is answered as any other error is, and named as the request', async (t) => {
  const { cert, key } = await makeAuthority()
  const app = createHttp({ chain: cert, key, log: { level: 'silent', to: process.stderr } })
  t.after(() => app.close())
  const answer = await app.inject('/agent/%zz')
  const { code, error, request, ...more } = answer.json()
  assert.deepEqual([answer.statusCode, code, more], [400, 'bad-input', {}])
  assert.match(error, /\/agent\/%zz/)
  assert.match(request, /^[0-9a-f]{12}$/)
  assert.equal(answer.headers['x-request-id'], request)
})
