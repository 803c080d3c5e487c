import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { errorsPage } from '../../docs/errors.ts'
import { codes } from '../../protocol/api/codes.ts'

test('the page of errors has every code', () => {
  const page = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8')
  assert.equal(page, errorsPage(codes), 'docs/errors.md is stale: npm run docs')
})
