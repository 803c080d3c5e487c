import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'

/** Compares with what was agreed on. `GOLDEN=write npm run unit` and `npm run format` write it anew; the diff in git is the review. */
export async function matchesGolden(path: string, actual: unknown) {
  const text = `${JSON.stringify(actual, null, 2)}\n`
  if (process.env.GOLDEN === 'write') return writeFile(path, text)
  assert(existsSync(path), `${path} is missing: GOLDEN=write npm run unit`)
  return assert.deepEqual(JSON.parse(text), JSON.parse(await readFile(path, 'utf8')))
}
