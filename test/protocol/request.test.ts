import assert from 'node:assert/strict'
import { test } from 'node:test'
import { api } from '../../protocol/api.ts'
import { requestFor } from '../../protocol/api/request.ts'

test('a call goes out as the table says: path and headers, then query or body', () => {
  assert.deepEqual(requestFor(api.listRuns, { node: 'web-1', limit: 5, after: undefined }), {
    method: 'GET',
    path: '/api/runs?node=web-1&limit=5',
    headers: {},
  })
  assert.deepEqual(requestFor(api.unassignRoles, { node: 'web-1', roles: ['a', 'b'] }), {
    method: 'DELETE',
    path: '/api/nodes/web-1/roles?roles=a&roles=b',
    headers: {},
  })
  assert.deepEqual(requestFor(api.setAttribute, { scope: 'nodes', name: 'n', key: 'a.b', value: [1] }), {
    method: 'PUT',
    path: '/api/nodes/n/attributes/a.b',
    headers: {},
    body: { value: [1] },
  })
  assert.equal(requestFor(api.deleteToken, { id: 'a/../b?c' }).path, '/api/tokens/a%2F..%2Fb%3Fc')
  assert.deepEqual(requestFor(api.createOrder, { mode: 'plan', all: true, idempotencyKey: 'k' }), {
    method: 'POST',
    path: '/api/orders',
    headers: { 'idempotency-key': 'k' },
    body: { mode: 'plan', all: true },
  })
})
