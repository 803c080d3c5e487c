import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { after, describe, test } from 'node:test'
import { findLabNames } from '../../lab/state.ts'
import { whyNoLab } from '../../lab/requirements.ts'
import { run } from '../../lab/run.ts'
import { assertSeen, fillIn, stepsOf, Terminal } from '../helpers/walkthrough.ts'

const house = fileURLToPath(new URL('../..', import.meta.url))
/** A lab of its own, whoever else follows the page on this machine. */
const lab = `trial-of-${process.pid}`
const page = readFileSync(join(house, 'docs/paths.md'), 'utf8').replaceAll(/\btrial\b/g, lab)

describe('the page of first paths', { skip: whyNoLab() ?? false }, () => {
  const home = mkdtempSync(join(tmpdir(), 'trivet-paths-'))
  const env = {
    PATH: process.env.PATH,
    HOME: home,
  }
  const terminal = new Terminal(home, { cwd: house, env })
  let printed = ''

  after(async () => {
    await terminal.close()
    if ((await findLabNames()).includes(lab)) await run([join(house, 'bin/trivet'), 'lab', 'down', lab], { env })
    rmSync(home, { recursive: true })
  })

  for (const [heading, steps] of stepsOf(page)) {
    test(heading, { timeout: 600_000 }, async () => {
      for (const { commands, seen } of steps) {
        printed = await terminal.type(fillIn(commands, printed))
        if (seen !== '') assertSeen(printed, seen)
      }
    })
  }

  test('nothing is left at the end', async () => {
    assert.equal(existsSync(join(home, lab)), false)
    assert.equal((await findLabNames()).includes(lab), false)
  })
})
