import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { placeForServer } from '../helpers/server-init.ts'

test('again, also while a server runs, it tells no token and leaves what was edited', async (t) => {
  const { recipes, init, serve } = await placeForServer(t)
  await init('--example')
  const recipe = join(recipes, 'hello/hello.ts')
  writeFileSync(recipe, '// mine\n')
  for (const prepare of [() => undefined, serve]) {
    await prepare()
    const { stdout, stderr } = await init('--example')
    assert.equal(stdout, '')
    assert.match(stderr, /is set up already/)
  }
  assert.equal(readFileSync(recipe, 'utf8'), '// mine\n')
})
