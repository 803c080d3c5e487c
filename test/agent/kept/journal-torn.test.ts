import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { Journal, keyOf } from '../../../agent/kept/journal.ts'
import { tempDir } from '../../helpers/converges.ts'
import { restart } from '../tiny.ts'

/** A journal of a run under way, and what is owed after each of its lines. */
async function writtenJournal(t: TestContext) {
  const path = join(await tempDir(t), 'journal')
  const journal = new Journal(path)
  const owedAfter = new Map<string, string[]>()
  const deeds = [
    () =>
      journal.begin({ id: randomUUID(), mode: 'converge', trigger: 'manual', orders: [], catalog: null, startedAt: 1 }),
    () => journal.owe([restart('a')]),
    () => journal.owe([restart('b')]),
    () => journal.settle(restart('a')),
    () => journal.record({ outcome: 'skipped', id: 'thing[ä]', recipe: 'main', durationMs: 1, reason: 'über' }),
    () => journal.owe([restart('c')]),
    () => journal.settle(restart('b')),
  ]
  for (const deed of deeds) {
    deed()
    const line = readFileSync(path, 'latin1').trimEnd().split('\n').at(-1) ?? ''
    owedAfter.set(line, journal.owed.map(keyOf))
  }
  return { path, bytes: readFileSync(path), lines: [...owedAfter.keys()], owedAfter }
}

/** What is owed by those lines that are there as they were written: nothing else counts, whatever else is in the file. */
function owedBy(bytes: Buffer, lines: string[]) {
  const owed = new Set<string>()
  for (const line of bytes
    .toString('latin1')
    .split('\n')
    .filter((one) => lines.includes(one))) {
    const { entry, action, target } = JSON.parse(line.slice(9))
    if (entry === 'owed') owed.add(`${action} ${target}`)
    if (entry === 'settled') owed.delete(`${action} ${target}`)
  }
  return [...owed]
}

/** Reads it, and goes on in it as the next run would: nothing that is written from then on is lost. */
function assertOwed(path: string, bytes: Buffer, expected: string[], how: string) {
  writeFileSync(path, bytes)
  const journal = new Journal(path)
  assert.deepEqual(journal.owed.map(keyOf), expected, how)
  journal.owe([restart('late')])
  assert.deepEqual(new Journal(path).owed.map(keyOf), [...expected, keyOf(restart('late'))], `${how}, and gone on with`)
}

test('cut off at any byte, the journal tells what its whole lines say', async (t) => {
  const { path, bytes, lines, owedAfter } = await writtenJournal(t)
  for (let length = 0; length <= bytes.length; length++) {
    const cut = bytes.subarray(0, length)
    // A line whose end of line alone is missing is whole.
    const last = lines.findLast((line) => cut.includes(line, 'latin1'))
    assertOwed(path, cut, owedAfter.get(last ?? '') ?? [], `cut to ${length} bytes`)
  }
})

test('with any byte flipped, or in the place of any byte an end of line, the journal tells what its whole lines say', async (t) => {
  const { path, bytes, lines } = await writtenJournal(t)
  for (let at = 0; at < bytes.length; at++) {
    for (const other of [(bytes[at] ?? 0) ^ 0x01, (bytes[at] ?? 0) ^ 0xff, 0x0a]) {
      const flipped = Buffer.from(bytes)
      flipped[at] = other
      assertOwed(path, flipped, owedBy(flipped, lines), `byte ${at} is ${other}`)
    }
  }
})

test('with a hole of zeros, as a loss of power leaves it, the journal tells what its whole lines say', async (t) => {
  const { path, bytes, lines } = await writtenJournal(t)
  for (let from = 0; from < bytes.length; from += 7) {
    for (const length of [1, 40, 200, bytes.length]) {
      const holed = Buffer.from(bytes).fill(0, from, Math.min(bytes.length, from + length))
      assertOwed(path, holed, owedBy(holed, lines), `zeros from ${from} for ${length}`)
    }
  }
})

test('zeros at the end, where the file grew and its bytes never came, spoil nothing that is written after them', async (t) => {
  const { path, bytes, owedAfter, lines } = await writtenJournal(t)
  const expected = owedAfter.get(lines.at(-1) ?? '') ?? []
  assertOwed(path, Buffer.concat([bytes, Buffer.alloc(4096)]), expected, 'zeros at the end')
  assertOwed(path, Buffer.alloc(4096), [], 'nothing but zeros')
})

test('a line that is torn right after a checksum of zero is no entry', async (t) => {
  const { path, bytes, owedAfter, lines } = await writtenJournal(t)
  for (const torn of ['00000000', '00000000 ']) {
    writeFileSync(path, bytes)
    appendFileSync(path, `\n${torn}`)
    assert.deepEqual(new Journal(path).owed.map(keyOf), owedAfter.get(lines.at(-1) ?? ''))
  }
})
