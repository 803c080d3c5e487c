import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HookBody } from '../../../protocol/hooks.ts'
import { Telling } from '../../../server/webhooks/telling.ts'
import { until } from '../../helpers/until.ts'

const news = (node: string, over: boolean) => ({
  trouble: { node, kind: 'failed' as const, since: 1, what: 'a run' },
  over,
  body: { id: '', kind: 'failed', at: 1, node: null, reason: 'exit 1' } satisfies HookBody,
  webhooks: ['pager'],
})

test('news that could not be stored is stored later, in turn and once, and no other node waits for it', async () => {
  const stored: string[] = []
  const failures: string[] = []
  let isFull = true
  const store = {
    async tell({ trouble: { node }, over }: ReturnType<typeof news>) {
      if (isFull && node === 'n1') throw new Error('database or disk is full')
      stored.push(`${node} ${over ? 'is well' : 'fails'}`)
    },
  }
  let told = 0
  const telling = new Telling({ store, failed: (error) => failures.push(String(error)) }, () => void told++)
  telling.tell(news('n1', false))
  telling.tell(news('n1', true))
  telling.tell(news('n2', false))
  await until('it has failed', () => failures.length > 0)
  await telling.again()
  assert.deepEqual([stored, told], [['n2 fails'], 1])
  assert.match(failures.join(), /disk is full/)
  isFull = false
  await telling.again()
  assert.deepEqual([stored, told], [['n2 fails', 'n1 fails', 'n1 is well'], 3])
  await telling.again()
  assert.equal(stored.length, 3)
})
