import assert from 'node:assert/strict'
import { test } from 'node:test'
import { suggest } from '../../server/suggest.ts'

test('what is near is suggested, otherwise what there is', () => {
  assert.equal(suggest('wbe', ['web', 'db']), 'Did you mean web?')
  assert.equal(suggest('queue', ['web', 'db']), 'There is: db, web.')
  assert.equal(suggest('queue', []), 'There is none.')
})

test('what is suggested is what is to be typed', () => {
  assert.equal(suggest('wrod', ['word', 'size'], 'site.'), 'Did you mean site.word?')
  assert.equal(suggest('queue', ['word', 'size'], 'site.'), 'There is: site.size, site.word.')
})

test('of ten thousand names only the first are told', () => {
  const names = Array.from({ length: 10_000 }, (_, index) => `app-${10_000 + index}`)
  const told = suggest('lost', names)
  assert.match(told, /^There is: app-10000, .*, app-10019 and 9980 more\.$/)
  assert.equal(suggest('lost', names.slice(0, 20)).includes('more'), false)
})
