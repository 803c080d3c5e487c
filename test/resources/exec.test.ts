import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { CommandOptions, CommandResult } from '../../resources/host.ts'
import { exec } from '../../resources/exec.ts'
import { assertConverges, FakeHost, tempDir } from '../helpers/converges.ts'

/** Runs commands for real. */
class RunningHost extends FakeHost {
  override run([program = '', ...args]: string[], { cwd, env }: CommandOptions = {}) {
    return new Promise<CommandResult>((resolve) => {
      execFile(program, args, { cwd, env: { PATH: '/usr/bin:/bin', ...env } }, (error, stdout, stderr) =>
        resolve({ exitCode: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
      )
    })
  }
}

test('exec runs until what it creates is there', async (t) => {
  const dir = await tempDir(t)
  const creates = join(dir, 'made')
  const argv = ['sh', '-c', 'echo "$WHAT" > made'] as [string, ...string[]]
  await assertConverges(exec, 'make it', { argv, creates, cwd: dir, env: { WHAT: 'tea' } }, new RunningHost(), [
    'run: - → sh -c echo "$WHAT" > made',
  ])
  assert.equal(readFileSync(creates, 'utf8'), 'tea\n')
})

test('exec tells what the command said last when it fails', async () => {
  const want = exec.props.parse({ argv: ['sh', '-c', 'seq 100; echo no such disk >&2; exit 3'] })
  await assert.rejects(
    async () => exec.apply('x', want, new RunningHost(), []),
    (error: Error) => {
      assert.match(error.message, /^sh -c .* exited with 3\. Its last lines:\n82\n/)
      assert.match(error.message, /\n100\nno such disk$/)
      return true
    },
  )
})

test('exec takes other exit codes for success where the recipe says so', async () => {
  const want = exec.props.parse({ argv: ['sh', '-c', 'exit 3'], exitCodes: [0, 3] })
  await exec.apply('x', want, new RunningHost(), [])
})

test('exec runs only by notification where refreshOnly is true', async () => {
  const host = new FakeHost()
  const want = exec.props.parse({ argv: ['newaliases'], refreshOnly: true, user: 'root' })
  assert.deepEqual(await exec.check('x', want, host), [])
  await exec.actions?.run?.('x', host, want)
  assert.deepEqual(host.commands, ['newaliases'])
  assert.deepEqual(host.options, [{ user: 'root' }])
})

test('exec must say when there is nothing to do', () => {
  const want = exec.props.parse({ argv: ['date'] })
  assert.match(exec.problem?.('x', want, {}) ?? '', /^would run each time/)
  assert.equal(exec.problem?.('x', want, { unless: ['test', '-e', '/x'] }), undefined)
  assert.equal(exec.problem?.('x', exec.props.parse({ argv: ['date'], refreshOnly: true }), {}), undefined)
})

const shellProblem = (...argv: [string, ...string[]]) =>
  exec.problem?.('x', exec.props.parse({ argv, creates: '/x' }), {}) ?? ''

test('exec refuses what only a shell would understand', () => {
  assert.match(shellProblem('echo hello | tee /x'), /give a list, such as \["echo","hello","\|","tee","\/x"\]/)
  assert.match(shellProblem('echo', 'hello', '>', '/x'), /hands > to echo as an argument/)
  assert.match(shellProblem('true', '&&', 'false'), /hands && to true/)
  assert.equal(shellProblem('sh', '-c', 'echo hello > /x'), '')
  assert.equal(shellProblem('/opt/with', 'a b'), '')
})
