import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { open, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { writeLogin } from '../../cli/login-file.ts'
import { tempDir } from '../helpers/converges.ts'
import { serve } from '../helpers/test-server.ts'

const bin = join(import.meta.dirname, '..', '..', 'bin')
const program = join(bin, 'trivet')

test('bin/trivet runs through a symbolic link, from any folder, and passes its exit code on', async (t) => {
  const dir = await tempDir(t)
  const link = join(dir, 'linked')
  await symlink(program, link)
  await writeFile(join(dir, 'tsconfig.json'), '{ this is not ours')
  const server = await serve(t)
  const env = { PATH: process.env['PATH'], XDG_CONFIG_HOME: dir, NO_COLOR: '1' }

  const login = await runFile(link, ['login', '-'], { cwd: dir, env, input: `${server.token}@${server.url}\n` })
  assert.deepEqual([login.exitCode, login.stdout], [0, ''], login.stderr)
  assert.match(await readFile(join(dir, 'trivet', 'config.json'), 'utf8'), /"url": "https:/)
  assert.equal((await runFile(link, ['nod', 'list'], { cwd: dir, env })).exitCode, 2)
  const elsewhere = await runFile(link, ['whoami'], { cwd: dir, env: { ...env, TRIVET_CONFIG: join(dir, 'none') } })
  assert.match(elsewhere.stderr, /^trivet: Not logged in/)
  assert.equal(elsewhere.exitCode, 1)
})

test(
  'on a terminal it shows how far it is, with NO_COLOR or elsewhere nothing of it',
  { skip: !existsSync('/usr/bin/script') && 'there is no script, which makes terminals' },
  async (t) => {
    const [{ url, ca, token }, dir] = [await serve(t), await tempDir(t)]
    await writeLogin(join(dir, 'trivet', 'config.json'), { url, ca, token })
    const env = { PATH: process.env['PATH'], XDG_CONFIG_HOME: dir, TERM: 'xterm' }
    const onTerminal = (columns: number, path: string, more: NodeJS.ProcessEnv = {}) =>
      runFile('/usr/bin/script', ['-qec', `stty cols ${columns} && ${program} backup ${path}`, '/dev/null'], {
        cwd: dir,
        env: { ...env, ...more },
      })

    const shown = await onTerminal(80, 'a.db')
    assert.match(shown.stdout, /a\.db: [\d.]+ [kM]B/)
    assert(shown.stdout.includes('\x1b[?25hSaved to a.db.\r\n'), 'the cursor is there again')
    const quiet = await onTerminal(80, 'b.db', { NO_COLOR: '1' })
    assert.deepEqual([quiet.stdout, quiet.exitCode], ['Saved to b.db.\r\n', 0])
    assert.equal((await onTerminal(0, 'd.db')).stdout, 'Saved to d.db.\r\n', 'a terminal without a width')
    const elsewhere = await runFile(program, ['backup', 'c.db'], { cwd: dir, env })
    assert.deepEqual([elsewhere.stderr, elsewhere.exitCode], ['Saved to c.db.\n', 0])
  },
)

for (const name of ['trivet', 'trivet-agent']) {
  test(`whoever stops reading ${name} is no error`, async (t) => {
    const dir = await tempDir(t)
    const child = spawn(join(bin, name), ['help'], { cwd: dir })
    child.stdout.destroy()
    const [stderr, exitCode] = await Promise.all([
      text(child.stderr),
      new Promise((resolve) => child.on('close', resolve)),
    ])
    assert.deepEqual([stderr, exitCode], ['', 141])
  })

  test(`a full disk below the output of ${name} is told in a line`, async (t) => {
    const full = await open('/dev/full', 'w')
    t.after(() => full.close())
    const child = spawn(join(bin, name), ['help'], { stdio: ['ignore', full.fd, 'pipe'] })
    assert(child.stderr)
    const [stderr, exitCode] = await Promise.all([
      text(child.stderr),
      new Promise((resolve) => child.on('close', resolve)),
    ])
    assert.deepEqual([stderr, exitCode], [`${name}: Cannot write the output: the disk is full.\n`, 1])
  })
}

async function runFile(
  file: string,
  args: string[],
  { input = '', ...options }: { cwd: string; env: NodeJS.ProcessEnv; input?: string },
) {
  const child = spawn(file, args, options)
  child.stdin.end(input)
  const exited = new Promise((resolve) => child.on('close', resolve))
  const [stdout, stderr, exitCode] = await Promise.all([text(child.stdout), text(child.stderr), exited])
  return { stdout, stderr, exitCode }
}
