import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KeptRevision } from '../../../server/store/revisions.ts'
import type { Open } from './enrolled.ts'

const revision = (id: string, at: number): KeptRevision => ({
  id,
  at,
  content: {
    roles: { web: id },
    recipes: {},
    types: {},
    files: { 'roles/web.ts': { sha256: id, text: `of ${id}` }, 'recipes/web/logo.png': { sha256: 'l', text: null } },
  },
})

const untouched = { files: { added: [], changed: [], removed: [] }, roles: [], recipes: [], types: [] }

export function revisionsContract(open: Open) {
  test('keeps the revision in force and the one before it, each once', async (t) => {
    const store = await open(t)
    assert.deepEqual(await store.lastRevisions(), [])
    for (const [id, at] of [
      ['a', 1],
      ['a', 2],
      ['b', 3],
      ['c', 4],
      ['b', 5],
    ] as const)
      await store.keepRevision({ id, at, ...untouched }, revision(id, at).content)
    assert.deepEqual(await store.lastRevisions(), [revision('b', 5), revision('c', 4)])
    const found = await store.findRevisions({ limit: 9 })
    assert.deepEqual(
      found.map(({ id, at }) => [id, at]),
      [
        ['b', 5],
        ['c', 4],
        ['b', 3],
        ['a', 1],
      ],
    )
    assert.deepEqual(await store.readRevisions('b'), found.slice(0, 1))
  })
}
