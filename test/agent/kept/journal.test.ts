import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { test } from 'node:test'
import { crc32 } from 'node:zlib'
import { type Begun, Journal } from '../../../agent/kept/journal.ts'
import type { ResourceId } from '../../../protocol/catalog.ts'
import type { ResourceEvent } from '../../../protocol/events.ts'
import { tempDir } from '../../helpers/converges.ts'
import { asRoot, restart } from '../tiny.ts'

const begun = (): Begun => ({
  id: randomUUID(),
  mode: 'converge',
  trigger: 'manual',
  orders: ['o1'],
  catalog: null,
  startedAt: 1,
})
const event = (id: ResourceId): ResourceEvent => ({
  outcome: 'changed',
  id,
  recipe: 'main',
  durationMs: 1,
  changes: [],
})

test('what is owed survives the process, in the order first asked for', async (t) => {
  const path = join(await tempDir(t), 'journal')
  const journal = new Journal(path)
  journal.begin(begun())
  journal.owe([restart('b')])
  journal.owe([restart('a'), restart('b')])

  assert.deepEqual(new Journal(path).owed, [restart('b'), restart('a')])
})

test('what is settled is crossed out, and may come to be owed again', async (t) => {
  const path = join(await tempDir(t), 'journal')
  const journal = new Journal(path)
  journal.owe([restart('a'), restart('b')])
  journal.settle(restart('a'))
  assert.deepEqual(new Journal(path).owed, [restart('b')])
  journal.owe([restart('a')])
  assert.deepEqual(new Journal(path).owed, [restart('b'), restart('a')])
})

test('a torn last line is as if it had not been written, and what comes after it is read', async (t) => {
  const path = join(await tempDir(t), 'journal')
  const journal = new Journal(path)
  journal.owe([restart('a')])
  journal.owe([restart('b')])
  truncateSync(path, readFileSync(path).length - 7)

  const next = new Journal(path)
  assert.deepEqual(next.owed, [restart('a')])
  next.owe([restart('c')])
  assert.deepEqual(new Journal(path).owed, [restart('a'), restart('c')])
})

test('a line whose checksum is wrong does not count, nor does one that this version of the agent cannot read', async (t) => {
  const path = join(await tempDir(t), 'journal')
  const journal = new Journal(path)
  journal.owe([restart('a'), restart('b')])
  writeFileSync(path, readFileSync(path, 'utf8').replace('thing[a]', 'thing[x]'))
  assert.deepEqual(new Journal(path).owed, [restart('b')])

  const foreign = JSON.stringify({ entry: 'from-the-future' })
  appendFileSync(path, `${crc32(foreign).toString(16).padStart(8, '0')} ${foreign}\n`)
  assert.deepEqual(new Journal(path).owed, [restart('b')])
})

test('the end of a run keeps only what is owed', async (t) => {
  const path = join(await tempDir(t), 'journal')
  const journal = new Journal(path)
  journal.begin(begun())
  journal.owe([restart('a'), restart('b')])
  journal.record(event('thing[a]'))
  journal.settle(restart('a'))
  journal.end()

  assert.equal(readFileSync(path, 'utf8').trim().split('\n').length, 1)
  const next = new Journal(path)
  assert.deepEqual(next.owed, [restart('b')])
  assert.equal(next.interrupted, undefined)
})

test('an interrupted run is found with what it had done', async (t) => {
  const path = join(await tempDir(t), 'journal')
  const journal = new Journal(path)
  const run = begun()
  journal.begin(run)
  journal.begin({ ...run, trigger: 'start' })
  journal.record(event('thing[a]'))
  journal.record({ outcome: 'unchanged', id: 'thing[b]', recipe: 'main', durationMs: 0 })
  const made = { type: 'thing', name: 'c', props: {}, how: 'made', recipe: 'main', cleanup: 'keep' } as const
  journal.making('thing[c]', made)

  assert.deepEqual(new Journal(path).interrupted, {
    run,
    events: [event('thing[a]')],
    applying: [],
    isReported: false,
    making: [['thing[c]', made]],
    told: [event('thing[a]')],
  })
})

test('of two interrupted runs in one journal the last is reported, with its own events only; the ledger hears of both', async (t) => {
  const path = join(await tempDir(t), 'journal')
  const first = new Journal(path)
  first.begin(begun())
  first.record(event('thing[a]'))
  const second = new Journal(path)
  const run = begun()
  second.begin(run)
  second.record(event('thing[b]'))

  assert.deepEqual(new Journal(path).interrupted, {
    run,
    events: [event('thing[b]')],
    applying: [],
    isReported: false,
    making: [],
    told: [event('thing[a]'), event('thing[b]')],
  })
})

test('a run that changes nothing leaves no journal', async (t) => {
  const path = join(await tempDir(t), 'journal')
  const journal = new Journal(path)
  journal.record({ outcome: 'unchanged', id: 'thing[b]', recipe: 'main', durationMs: 0 })
  assert.equal(journal.touched, false)
  assert.throws(() => readFileSync(path), { code: 'ENOENT' })
})

test('where the disk is full nothing comes to be owed, and the caller hears of it', async (t) => {
  const path = join(await tempDir(t), 'journal')
  const journal = new Journal(path)
  symlinkSync('/dev/full', path)
  assert.throws(() => journal.owe([restart('a')]), { code: 'ENOSPC' })
  assert.throws(() => journal.begin(begun()), { code: 'ENOSPC' })
  assert.deepEqual(journal.owed, [])
  journal.settle(restart('a'))
  assert.equal(journal.trouble, undefined)
})

test('what is settled on a full disk is said to be uncertain', async (t) => {
  const path = join(await tempDir(t), 'journal')
  new Journal(path).owe([restart('a')])
  const journal = new Journal(path)
  rmSync(path)
  symlinkSync('/dev/full', path)
  journal.settle(restart('a'))
  assert.match(journal.trouble ?? '', /the journal cannot be written, so what was done may be done again: .*ENOSPC/)
})

test('what half a line left behind on a disk that was full for a moment does not spoil the next', asRoot, async (t) => {
  const disk = join(await tempDir(t), 'disk')
  mkdirSync(disk)
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8k', 'tiny', disk])
  try {
    const filler = join(disk, 'filler')
    writeFileSync(filler, Buffer.alloc(4096))
    const path = join(disk, 'journal')
    const journal = new Journal(path)
    journal.owe([restart('a')])
    assert.throws(() => journal.owe([restart('long'.repeat(2000))]), { code: 'ENOSPC' })

    rmSync(filler)
    journal.owe([restart('b')])
    assert.deepEqual(new Journal(path).owed, [restart('a'), restart('b')])
  } finally {
    execFileSync('umount', ['--lazy', disk])
  }
})
