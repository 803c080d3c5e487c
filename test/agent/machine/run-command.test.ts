import assert from 'node:assert/strict'
import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { runCommand } from '../../../agent/machine/run-command.ts'
import type { CommandOptions } from '../../../resources/host.ts'
import { tempDir } from '../../helpers/converges.ts'
import { asRoot, until } from '../tiny.ts'

const run = (argv: string[], options: CommandOptions = {}) => runCommand(argv, options, '/nowhere')
const sh = (script: string, options: CommandOptions = {}) => run(['sh', '-c', script], options)

test('a command gives what it said and its exit code, whatever that is', async () => {
  assert.deepEqual(await sh('echo out; echo err >&2; exit 3'), { exitCode: 3, stdout: 'out\n', stderr: 'err\n' })
})

test('a signal counts as 128 and its number', async () => {
  assert.equal((await sh('kill -TERM $$')).exitCode, 143)
  assert.equal((await sh('kill -KILL $$')).exitCode, 137)
})

test('arguments reach the program as they are: no shell reads them', async () => {
  assert.equal((await run(['echo', '$HOME', '; ls', 'a  b'])).stdout, '$HOME ; ls a  b\n')
})

test('a command has a minimal environment, to which the recipe adds', async () => {
  process.env.SECRET_OF_THE_AGENT = 'x'
  const { stdout } = await run(['env'], { env: { ADDED: '1' } })
  assert.deepEqual(
    stdout
      .trim()
      .replace(/^(TRIVET_COMMAND)=[0-9a-f-]{36}$/m, '$1')
      .split('\n')
      .toSorted(),
    [
      'ADDED=1',
      'HOME=/root',
      'LANG=C.UTF-8',
      'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      'TRIVET_COMMAND',
    ],
  )
})

test('a command runs in / or where it is told to, and reads its input', async (t) => {
  const dir = realpathSync(await tempDir(t))
  assert.equal((await run(['pwd'])).stdout, '/\n')
  assert.equal((await run(['pwd'], { cwd: dir })).stdout, `${dir}\n`)
  assert.equal((await run(['cat'], { input: 'ä'.repeat(100_000) })).stdout.length, 100_000)
  assert.equal((await run(['true'], { input: 'x'.repeat(1_000_000) })).exitCode, 0)
})

test('a command runs as the user it is told to, with that home', asRoot, async () => {
  const { stdout } = await sh('id -un; echo $HOME', { user: 'daemon' })
  assert.equal(stdout, 'daemon\n/usr/sbin\n')
})

test('a program that is not there, and a folder that is not there, are told apart', async () => {
  await assert.rejects(run(['no-such-program', '-x']), /^Error: no-such-program cannot be started: .*ENOENT/)
  await assert.rejects(
    run(['true'], { cwd: '/no/such' }),
    /^Error: true cannot be started: there is no folder \/no\/such/,
  )
})

test('a timeout ends the command with all its children, also those that left its process group', async (t) => {
  const dir = await tempDir(t)
  const script = `
    sleep 1001 & echo $! > child
    setsid sh -c 'echo $$ > other; sleep 1002' &
    while [ ! -s other ]; do :; done
    echo $$ > pid; wait`
  const started = Date.now()
  await assert.rejects(sh(script, { cwd: dir, timeoutMs: 500 }), /was killed: it took longer than 0.5 s/)
  assert(Date.now() - started < 5000)
  for (const name of ['pid', 'child', 'other']) {
    const pid = readFileSync(join(dir, name), 'utf8').trim()
    await until(`${name} ${pid} has ended`, () => !isAlive(pid))
  }
})

test('a timeout also ends what has become a daemon by forking twice, deaf to SIGTERM, and what that starts', async (t) => {
  const dir = await tempDir(t)
  const script = `
    trap '' TERM
    setsid sh -c '(sh -c "echo \\$\\$ > deaf; exec sleep 1004" &)'
    (setsid sh -c 'echo $$ > session; sleep 1005 & echo $! > below; wait' &)
    while [ ! -s deaf ] || [ ! -s below ]; do :; done
    wait; sleep 1006`
  await assert.rejects(sh(script, { cwd: dir, timeoutMs: 500 }), /was killed: it took longer than 0.5 s/)
  for (const name of ['deaf', 'session', 'below']) {
    const pid = readFileSync(join(dir, name), 'utf8').trim()
    await until(`${name} ${pid} has ended`, () => !isAlive(pid))
  }
})

test('a command that left a daemon behind, which holds its output open, has ended all the same, and its timeout with it', async (t) => {
  const dir = await tempDir(t)
  const started = Date.now()
  const { exitCode, stdout } = await sh('setsid sleep 1003 & echo $! > daemon; echo started; exit 4', {
    cwd: dir,
    timeoutMs: 300,
  })
  assert.deepEqual({ exitCode, stdout }, { exitCode: 4, stdout: 'started\n' })
  assert(Date.now() - started < 5000)
  const daemon = readFileSync(join(dir, 'daemon'), 'utf8').trim()
  assert(isAlive(daemon))
  process.kill(Number(daemon), 'SIGKILL')
})

test('an endless output is cut, and the command goes on', async () => {
  const { exitCode, stdout } = await sh('head -c 50000000 /dev/zero | tr "\\0" x; exit 5')
  assert.equal(exitCode, 5)
  assert(stdout.length >= 16 * 1024 * 1024 && stdout.length < 17 * 1024 * 1024, String(stdout.length))
})

function isAlive(pid: string) {
  return existsSync(`/proc/${pid}`) && !/ Z /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))
}
