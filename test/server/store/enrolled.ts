import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import type { TestContext } from 'node:test'
import { hashSecret } from '../../../server/secrets.ts'
import type { JoinToken, Store } from '../../../server/store/store.ts'

/** An empty store, closed with the test. */
export type Open = (t: TestContext) => Promise<Store>

export const by = { author: 'ann', at: 1000 }

export const token: JoinToken = {
  id: 'token000',
  secretHash: hashSecret('secret'),
  usesLeft: 100,
  expiresAt: 5000,
  roles: [],
  cluster: 'default',
  names: '*',
  author: 'ann',
  approval: false,
}

/** Nodes of these names, each with a key of its own; gives their ids. */
export async function enrolled(store: Store, ...names: string[]) {
  if (!(await store.findToken(token.id))) await store.createToken(token, by)
  const ids: string[] = []
  for (const name of names) {
    const result = await store.enrol(token.id, { id: randomUUID(), name, key: randomUUID() }, 2000)
    assert.equal(result.status, 'enrolled')
    if (result.status === 'enrolled') ids.push(result.node.id)
  }
  const [first, ...rest] = ids
  assert(first !== undefined)
  return [first, ...rest] as const
}
