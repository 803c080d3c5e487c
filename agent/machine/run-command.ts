import { spawn, type StdioOptions } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { closeSync, existsSync, fstatSync, openSync, readSync, rmSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import type { CommandOptions, CommandResult } from '../../resources/host.ts'
import { killTree } from './process-tree.ts'

const environment = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LANG: 'C.UTF-8',
  HOME: '/root',
}

/** What a command may take when nobody says otherwise: long enough for a slow mirror, short enough that a hung one is noticed. */
const defaultTimeoutMs = 10 * 60 * 1000
const outlivingTimeoutMs = 60 * 60 * 1000
/** What a command leaves running may hold its output open for ever; so long after its end we still listen. */
const lingerMs = 500
/** What a command says beyond it is dropped: an endless output must not take the agent's memory. */
const mostOutput = 16 * 1024 * 1024

/** Runs argv without a shell, as the head of a process group of its own, so that a timeout can end all of it. */
export async function runCommand(argv: string[], options: CommandOptions, folder: string): Promise<CommandResult> {
  const outlives = options.outlives === true && existsSync('/run/systemd/system')
  const scope = `trivet-${randomUUID()}.scope`
  const full = [...(outlives ? inScope(scope) : []), ...asUser(options.user), ...argv]
  const output = outlives ? filesIn(folder) : pipes()
  const timeoutMs = options.timeoutMs ?? (outlives ? outlivingTimeoutMs : defaultTimeoutMs)
  try {
    const exitCode = await spawned(full, options, output, timeoutMs, outlives ? scope : undefined)
    return { exitCode, ...output.read() }
  } finally {
    output.close()
  }
}

// A scope of its own: it is not ended with the agent's unit, nor does it count for the agent's memory limit.
function inScope(scope: string) {
  return ['systemd-run', '--scope', '--quiet', '--collect', `--unit=${scope}`, '--']
}

function asUser(user: string | undefined) {
  return user === undefined ? [] : ['runuser', '-u', user, '--']
}

interface CommandOutput {
  stdio: [number | 'pipe', number | 'pipe']
  take: (which: 0 | 1, chunk: Buffer) => void
  read: () => { stdout: string; stderr: string }
  close: () => void
}

function pipes(): CommandOutput {
  const chunks: [Buffer[], Buffer[]] = [[], []]
  const lengths = [0, 0]
  const text = (which: 0 | 1) => Buffer.concat(chunks[which]).toString()
  return {
    stdio: ['pipe', 'pipe'],
    take(which, chunk) {
      if ((lengths[which] ?? 0) < mostOutput) chunks[which].push(chunk)
      lengths[which] = (lengths[which] ?? 0) + chunk.length
    },
    read: () => ({ stdout: text(0), stderr: text(1) }),
    close: () => {},
  }
}

// To files, not pipes: when the agent dies, a pipe would break and take apt down in the middle of a package.
// They have no name any more, so that they are gone with the last who has them open.
function filesIn(folder: string): CommandOutput {
  const [out, err] = [namelessFile(folder), namelessFile(folder)]
  return {
    stdio: [out, err],
    take: () => {},
    read: () => ({ stdout: wholeOf(out), stderr: wholeOf(err) }),
    close() {
      closeSync(out)
      closeSync(err)
    },
  }
}

function namelessFile(folder: string) {
  const path = join(folder, `${randomUUID()}.output`)
  const file = openSync(path, 'ax+', 0o600)
  rmSync(path)
  return file
}

function wholeOf(file: number) {
  const bytes = Buffer.alloc(Math.min(fstatSync(file).size, mostOutput))
  return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, 0)).toString()
}

function spawned(argv: string[], options: CommandOptions, output: CommandOutput, timeoutMs: number, scope?: string) {
  const [command = '', ...args] = argv
  const cwd = options.cwd ?? '/'
  const stdio: StdioOptions = [options.input === undefined ? 'ignore' : 'pipe', ...output.stdio]
  // By it what this command has started is found when it must end, however far that has gone.
  const mark = { TRIVET_COMMAND: randomUUID() }
  const env = { ...environment, ...options.env, ...mark }
  return new Promise<number>((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, stdio, detached: true })
    const letGo = () => [child.stdout, child.stderr].forEach((pipe) => pipe?.destroy())
    let lingering: NodeJS.Timeout | undefined
    const timer = setTimeout(() => {
      if (scope !== undefined) killScope(scope)
      if (child.pid !== undefined) killTree(child.pid, `TRIVET_COMMAND=${mark.TRIVET_COMMAND}`)
      letGo()
      reject(new Error(`${argv.join(' ')} was killed: it took longer than ${timeoutMs / 1000} s`))
    }, timeoutMs)
    child.stdout?.on('data', (chunk: Buffer) => output.take(0, chunk))
    child.stderr?.on('data', (chunk: Buffer) => output.take(1, chunk))
    child.stdin?.on('error', () => {}) // It ended before it read its input; its exit code says whether that matters.
    child.stdin?.end(options.input)
    child.on('error', (cause) => {
      clearTimeout(timer)
      reject(notStarted(command, cwd, cause))
    })
    child.on('exit', () => {
      clearTimeout(timer)
      // What it said last is read before a timer's next turn, however long the loop was held up.
      lingering = setTimeout(() => setImmediate(letGo), lingerMs)
    })
    child.on('close', (code, signal) => {
      clearTimeout(lingering)
      resolve(code ?? 128 + constants.signals[signal ?? 'SIGKILL'])
    })
  })
}

// Without systemctl there is no scope either, and what is killed beside it is all there is.
function killScope(scope: string) {
  spawn('systemctl', ['kill', '--signal=KILL', scope], { stdio: 'ignore' }).on('error', () => {})
}

// The kernel says ENOENT for the one as for the other.
function notStarted(command: string, cwd: string, cause: Error) {
  const why = existsSync(cwd) ? cause.message : `there is no folder ${cwd}`
  return new Error(`${command} cannot be started: ${why}`, { cause })
}
