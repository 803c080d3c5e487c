import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { copyProgram } from '../../agent/build.ts'
import { tempDir } from '../helpers/converges.ts'

test('a program that runs is replaced, and runs on', async (t) => {
  const program = join(await tempDir(t), 'cat')
  await copyFile('/bin/cat', program)
  const running = spawn(program, { stdio: ['pipe', 'pipe', 'ignore'] })
  t.after(() => running.kill())
  await once(running, 'spawn')

  copyProgram('/bin/true', program)

  assert.deepEqual(await readFile(program), await readFile('/bin/true'))
  running.stdin.write('still here')
  assert.equal(String((await once(running.stdout, 'data'))[0]), 'still here')
})
