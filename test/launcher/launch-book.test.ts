import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { LaunchBook } from '../../launcher/launch-book.ts'
import { tempDir } from '../helpers/converges.ts'

const open = (folder: string) => LaunchBook.open(folder, 'room', { cluster: 'c' })

test('where no book can be kept, that is told with its place', async (t) => {
  const dir = await tempDir(t)
  const file = join(dir, 'file')
  writeFileSync(file, '')
  await assert.rejects(open(join(file, 'launch')), { name: 'CommandError', message: /^Cannot write .*file\/launch: / })
  writeFileSync(join(dir, 'room-c.json.lock'), 'no database'.repeat(1000))
  await assert.rejects(open(dir), { name: 'CommandError', message: /^Cannot lock .*room-c\.json\.lock: / })
})

test('a book that is damaged is told, and a second launcher is kept out', async (t) => {
  const dir = await tempDir(t)
  mkdirSync(dir, { recursive: true })
  writeFileSync(join(dir, 'room-c.json'), '{"launches": 3}')
  await assert.rejects(open(dir), { name: 'CommandError', message: /room-c\.json is damaged: .* Next: / })
  writeFileSync(join(dir, 'room-c.json'), '{"launches": {}}')
  const first = await open(dir)
  await assert.rejects(open(dir), { name: 'CommandError', message: /another trivet launch works on cluster c/ })
  first.close()
  const second = await open(dir)
  second.close()
})
