import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { cliPage } from '../../cli/reference.ts'
import { chapters } from '../../docs/chapters.ts'

test('the reference of commands is as the commands say', () => {
  const page = readFileSync(new URL('../../docs/cli.md', import.meta.url), 'utf8')
  assert.equal(page, cliPage(chapters), 'docs/cli.md is stale: npm run docs')
})
