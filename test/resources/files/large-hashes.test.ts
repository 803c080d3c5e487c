import assert from 'node:assert/strict'
import { appendFileSync, readFileSync, renameSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { sha256 } from '../../../protocol/catalog.ts'
import { realFiles } from '../../../resources/files/files.ts'
import { hashOf } from '../../../resources/files/large-hashes.ts'
import { tempDir } from '../../helpers/converges.ts'

const large = Buffer.alloc(2 * 1024 * 1024, 'a')

/** How often the file was read, with a clock by which it was written some time ago. */
function watched(t: TestContext, laterMs = 3_600_000) {
  const hash = t.mock.method(realFiles, 'hash')
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + laterMs })
  return () => hash.mock.callCount()
}

test('a large file that did not change is read once', async (t) => {
  const path = join(await tempDir(t), 'large')
  writeFileSync(path, large)
  const reads = watched(t)
  for (let look = 0; look < 3; look++) assert.equal(hashOf(path, realFiles), sha256(large))
  assert.equal(reads(), 1)
})

test('a large file that was written to, replaced, or given back its old times, is read again', async (t) => {
  const path = join(await tempDir(t), 'large')
  writeFileSync(path, large)
  watched(t)
  hashOf(path, realFiles)
  const { atime, mtime } = statSync(path)
  const swapped = Buffer.from(large)
  swapped[5] = 1
  writeFileSync(path, swapped)
  utimesSync(path, atime, mtime)
  assert.equal(hashOf(path, realFiles), sha256(swapped))
  appendFileSync(path, 'x')
  assert.equal(hashOf(path, realFiles), sha256(readFileSync(path)))
  writeFileSync(`${path}.new`, large)
  renameSync(`${path}.new`, path)
  assert.equal(hashOf(path, realFiles), sha256(large))
})

test('small files, those just written, and those only foreseen are read each time', async (t) => {
  const dir = await tempDir(t)
  writeFileSync(join(dir, 'small'), 'small')
  writeFileSync(join(dir, 'large'), large)
  const reads = watched(t, 0)
  for (let look = 0; look < 2; look++) for (const name of ['small', 'large']) hashOf(join(dir, name), realFiles)
  assert.equal(reads(), 4)
  t.mock.timers.setTime(Date.now() + 3_600_000)
  hashOf(join(dir, 'large'), realFiles)
  assert.equal(hashOf(join(dir, 'large'), { ...realFiles, hash: () => 'foreseen' }), 'foreseen')
})
