import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { api } from '../../protocol/api.ts'
import { tempDir } from '../helpers/converges.ts'
import { joinNode } from '../helpers/lively-fleet.ts'
import { makeSources, serve } from '../helpers/test-server.ts'

test('a catalog that people read has what is there, and not what a sensitive resource holds', async (t) => {
  const sources = await makeSources(await tempDir(t))
  const path = join(sources.recipes, 'word', 'word.ts')
  const secret = "{ comment: 'my secret', unless: ['check', 'my secret'], sensitive: true }"
  const text = await readFile(path, 'utf8')
  await writeFile(
    path,
    text.replace('attributes, file', 'attributes, file, user').replace('file(', `user('ann', ${secret})\n    file(`),
  )
  const served = await serve(t, sources)
  await joinNode(served, 'n1')
  const { resources } = await served.client.call(api.readCatalog, { node: 'n1' })
  assert.deepEqual(
    resources.map(({ name, props, unless }) => [name, props['comment'], unless]),
    [
      ['ann', '(sensitive)', ['(sensitive)']],
      ['/etc/word', undefined, undefined],
    ],
  )
  assert.doesNotMatch(JSON.stringify(resources), /my secret/)
})
