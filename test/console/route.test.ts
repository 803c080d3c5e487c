import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hrefOf, placeOf, routeOf, to } from '../../console/route.ts'

test('a path names its page and what it is about', () => {
  assert.deepEqual(routeOf('/'), { page: 'fleet', params: {} })
  assert.deepEqual(routeOf('/nodes/'), { page: 'nodes', params: {} })
  assert.deepEqual(routeOf('/nodes/web-1'), { page: 'node', params: { node: 'web-1' } })
  for (const path of ['/nothing', '/nodes/web-1/more', '/nodes//']) assert.equal(routeOf(path), undefined, path)
})

test('what a name has that a URL has not is written and read again', () => {
  const name = 'a/b %?'
  assert.deepEqual(routeOf(placeOf(to('runs', name)).path), { page: 'run', params: { run: name } })
  assert.deepEqual(routeOf('/runs/%'), { page: 'run', params: { run: '%' } })
})

test('a query keeps what is filled, and is read as it was written', () => {
  const href = hrefOf('/history', { text: 'a b&c', node: '', outcome: undefined })
  assert.equal(href, '/history?text=a+b%26c')
  assert.deepEqual(placeOf(href), { path: '/history', query: { text: 'a b&c' } })
  assert.equal(hrefOf('/nodes'), '/nodes')
})
