import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CommandError } from '../../cli/command.ts'
import { forEachNode, together } from '../../launcher/each-node.ts'

test('one that fails ends no other, and all failures are told at the end', async () => {
  const done: number[] = []
  const work = async (item: number) => {
    if (item % 2 === 0) throw new CommandError(`${item} failed`)
    done.push(item)
  }
  await assert.rejects(forEachNode([1, 2, 3, 4, 5], work, 2), { name: 'CommandError', message: /2 failed[^]*4 failed/ })
  assert.deepEqual(done, [1, 3, 5])
})

test('a fault of ours lets none begin any more, and is told when those that had begun have ended', async () => {
  const begun: number[] = []
  let hasEnded = false
  const work = async (item: number) => {
    begun.push(item)
    if (item === 1) throw new TypeError('a fault')
    await new Promise((resolve) => setTimeout(resolve, 20))
    hasEnded = true
  }
  await assert.rejects(forEachNode([1, 2, 3, 4], work, 2), TypeError)
  assert.deepEqual(begun, [1, 2])
  assert(hasEnded)
})

test('what is done together ends together, also where a part fails at once', async () => {
  let hasEnded = false
  const slow = new Promise<void>((resolve) => setTimeout(resolve, 20)).then(() => void (hasEnded = true))
  await assert.rejects(together([Promise.reject(new CommandError('no')), slow]), { message: 'no' })
  assert(hasEnded)
})
