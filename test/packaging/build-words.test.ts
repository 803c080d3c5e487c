import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'

import { agentsNote } from '../../packaging/server/build.ts'
import { tempDir } from '../helpers/converges.ts'

const house = join(import.meta.dirname, '../..')
const scripts = { 'build:agent': 'agent/build/main.ts', 'build:server': 'packaging/server/main.ts' }

async function run(script: string, ...args: string[]) {
  const child = spawn(process.execPath, ['--import', 'tsx', script, ...args], { cwd: house })
  const exited = new Promise((resolve) => child.on('close', resolve))
  const [stdout, stderr, exitCode] = await Promise.all([text(child.stdout), text(child.stderr), exited])
  return { stdout, stderr, exitCode }
}

for (const [name, script] of Object.entries(scripts)) {
  test(`${name} --help tells each of its flags`, async () => {
    const { stdout, stderr, exitCode } = await run(script, '--help')
    assert.deepEqual([stderr, exitCode], ['', 0])
    assert(stdout.startsWith(`Usage: npm run ${name} -- `), stdout)
    const taken = [...(await readFile(join(house, script), 'utf8')).matchAll(/^ +'?([\w-]+)'?: \{ type: /gm)]
    assert(taken.length > 1)
    for (const [, flag] of taken) assert.match(stdout, new RegExp(`^  (-\\w, )?--${flag} .*\\w`, 'm'))
  })

  test(`${name} tells a flag that it does not know in a line`, async () => {
    const { stderr, exitCode } = await run(script, '--nonsense')
    assert.deepEqual([stderr, exitCode], [`${name}: Unknown option '--nonsense'. Next: npm run ${name} -- --help\n`, 2])
    assert.equal((await run(script, 'word')).exitCode, 2)
    assert.equal((await run(script, '--to')).exitCode, 2)
  })
}

test('a new signing key is told, and what to do with it', async (t) => {
  const path = join(await tempDir(t), 'key.pem')
  await mkdir(join(path, '..'), { recursive: true })
  const { stderr, exitCode } = await run(scripts['build:agent'], '--new-signing-key', path)
  assert.equal(exitCode, 0, stderr)
  assert.match(await readFile(path, 'utf8'), /BEGIN PRIVATE KEY/)
  assert(stderr.includes(path) && stderr.includes(`npm run build:agent -- --signing-key ${path}\n`), stderr)
})

test('a package of the server without agents is told as that, and what to do', async (t) => {
  const agents = await tempDir(t)
  await mkdir(agents, { recursive: true })
  assert.match(agentsNote(agents) ?? '', /holds no agent.*npm run build:agent && npm run build:server/s)
  await writeFile(join(agents, 'SHA256SUMS'), '')
  assert.equal(agentsNote(agents), undefined)
})
