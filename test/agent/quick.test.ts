import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import { tempDir } from '../helpers/converges.ts'
import { serve } from '../helpers/test-server.ts'

const house = join(import.meta.dirname, '..', '..')
const quick = `import { convergeQuickly } from './agent/quick/main.ts'
process.exitCode = await convergeQuickly(process.argv.slice(1)) ?? 99`

async function ending(argv: string[], { isRead = true } = {}) {
  const child = spawn(argv[0] ?? '', argv.slice(1), { cwd: house, stdio: ['ignore', 'pipe', 'pipe'] })
  const exited = new Promise((resolve) => child.on('close', resolve))
  if (!isRead) child.stdout.destroy()
  const [stdout, stderr] = await Promise.all([isRead ? text(child.stdout) : '', text(child.stderr)])
  return { stdout, stderr, exitCode: await exited }
}

/** The state of an agent that has converged to a catalog of nothing, so that it makes nothing on this machine. */
async function settled(t: TestContext) {
  const dir = await tempDir(t)
  const [recipes, roles] = [join(dir, 'recipes'), join(dir, 'roles')]
  await Promise.all([join(recipes, 'idle'), roles].map((path) => mkdir(path, { recursive: true })))
  await writeFile(
    join(recipes, 'idle', 'idle.ts'),
    `import { defineRecipe } from 'trivet/recipe'
import { z } from 'zod'
export default defineRecipe({ description: 'Nothing.', attributes: z.object({}), declare() {} })
`,
  )
  await writeFile(
    join(roles, 'idle.ts'),
    `import { defineRole } from 'trivet/role'\nexport default defineRole({ description: 'Idle.', recipes: ['idle'] })\n`,
  )
  const server = await serve(t, { recipes, roles })
  const state = join(dir, 'state')
  const agent = async (...words: string[]) => {
    const { exitCode, stderr } = await ending(['bin/trivet-agent', ...words, '--state', state])
    assert.equal(exitCode, 0, stderr)
  }
  await agent('join', `${await server.joinToken({ roles: ['idle'] })}@${server.url}`, '--name', 'n1')
  await agent('converge')
  return state
}

test('the quick converge ends quietly too where nobody reads on', async (t) => {
  const state = await settled(t)
  const argv = [process.execPath, '--import', 'tsx', '--input-type=module', '-e', quick]
  const asked = ['converge', '--offline', '--state', state]
  const read = await ending([...argv, ...asked])
  assert.deepEqual([read.exitCode, read.stderr], [0, ''], 'it is quick')
  assert.notEqual(read.stdout, '')
  const { stderr, exitCode } = await ending([...argv, ...asked], { isRead: false })
  assert.deepEqual([stderr, exitCode], ['', 141])
})
