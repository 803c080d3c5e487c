import assert from 'node:assert/strict'
import { readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { sha256 } from '../../../protocol/catalog.ts'
import { blobsIn, blobsOf } from '../../../agent/kept/blobs.ts'
import { tempDir } from '../../helpers/converges.ts'
import { resource } from '../tiny.ts'

const bytes = Buffer.from('hello\n')
const hash = sha256(bytes)

test('a blob is kept under its hash and read as it was', async (t) => {
  const dir = await tempDir(t)
  const blobs = blobsIn(dir)
  assert.equal(blobs.has(hash), false)
  blobs.write(hash, bytes)
  assert.equal(blobs.has(hash), true)
  assert.deepEqual(blobs.read({ sha256: hash }), bytes)
  assert.deepEqual(readFileSync(join(dir, hash.slice(0, 2), hash)), bytes)
})

test('bytes that are not what the hash says are refused', async (t) => {
  const blobs = blobsIn(await tempDir(t))
  assert.throws(() => blobs.write(hash, Buffer.from('other')), /changed on their way/)
  assert.equal(blobs.has(hash), false)
})

test('a blob that was damaged on disk is found out, removed, and then missing', async (t) => {
  const dir = await tempDir(t)
  const blobs = blobsIn(dir)
  blobs.write(hash, bytes)
  writeFileSync(join(dir, hash.slice(0, 2), hash), 'hell')
  assert.throws(() => blobs.read({ sha256: hash }), /was damaged on disk and is removed; the next connection/)
  assert.equal(blobs.has(hash), false)
  assert.throws(() => blobs.read({ sha256: hash }), /blob [0-9a-f]{64} is missing on this node; the next connection/)
})

test('what nobody names and has long not been touched is pruned', async (t) => {
  const dir = await tempDir(t)
  const blobs = blobsIn(dir)
  const texts = ['kept', 'old', 'young']
  for (const text of texts) blobs.write(sha256(text), Buffer.from(text))
  for (const text of ['kept', 'old']) {
    const path = join(dir, sha256(text).slice(0, 2), sha256(text))
    utimesSync(path, 100, 100)
  }
  blobs.prune(new Set([sha256('kept')]), Date.now() - 60_000)
  assert.deepEqual(
    texts.map((text) => blobs.has(sha256(text))),
    [true, false, true],
  )
  blobsIn(join(dir, 'missing')).prune(new Set(), Date.now())
  assert.equal(readdirSync(dir).length, 3)
})

test('the blobs of a catalog are those that its props name, and the code of types', () => {
  const content = { sha256: hash, bytes: 6 }
  const resources = [
    resource('a', { props: { content, mode: '0644' } }),
    resource('b', { props: { content } }),
    resource('c', { props: { content: null, other: { sha256: 'x' } } }),
  ]
  assert.deepEqual(blobsOf(resources, undefined), new Map([[hash, 6]]))
  const code = { sha256: sha256('code'), bytes: 4 }
  assert.deepEqual(
    blobsOf(resources, { motd: code }),
    new Map([
      [code.sha256, 4],
      [hash, 6],
    ]),
  )
})
