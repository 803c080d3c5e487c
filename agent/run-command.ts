import { spawn, type StdioOptions } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { closeSync, existsSync, openSync, readFileSync, rmSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import type { CommandOptions, CommandResult } from '../resources/define.ts'

const environment = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LANG: 'C.UTF-8',
  HOME: '/root',
}

/** What a command may take when nobody says otherwise: long enough for a slow mirror, short enough that a hung one is noticed. */
const defaultTimeoutMs = 10 * 60 * 1000
const outlivingTimeoutMs = 60 * 60 * 1000

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
  const text = (which: 0 | 1) => Buffer.concat(chunks[which]).toString()
  return {
    stdio: ['pipe', 'pipe'],
    take: (which, chunk) => chunks[which].push(chunk),
    read: () => ({ stdout: text(0), stderr: text(1) }),
    close: () => {},
  }
}

// To files, not pipes: when the agent dies, a pipe would break and take apt down in the middle of a package.
function filesIn(folder: string): CommandOutput {
  const paths = ['out', 'err'].map((end) => join(folder, `${randomUUID()}.${end}`))
  const [out, err] = paths.map((path) => openSync(path, 'wx', 0o600))
  if (out === undefined || err === undefined) throw new Error('two paths give two files')
  const [outPath = '', errPath = ''] = paths
  return {
    stdio: [out, err],
    take: () => {},
    read: () => ({ stdout: readFileSync(outPath, 'utf8'), stderr: readFileSync(errPath, 'utf8') }),
    close() {
      closeSync(out)
      closeSync(err)
      for (const path of paths) rmSync(path, { force: true })
    },
  }
}

function spawned(argv: string[], options: CommandOptions, output: CommandOutput, timeoutMs: number, scope?: string) {
  const [command = '', ...args] = argv
  const stdio: StdioOptions = [options.input === undefined ? 'ignore' : 'pipe', ...output.stdio]
  const env = { ...environment, ...options.env }
  return new Promise<number>((resolve, reject) => {
    const child = spawn(command, args, { cwd: options.cwd ?? '/', env, stdio, detached: true })
    const timer = setTimeout(() => {
      if (scope !== undefined) spawn('systemctl', ['kill', '--signal=KILL', scope], { stdio: 'ignore' })
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
      reject(new Error(`${argv.join(' ')} was killed: it took longer than ${timeoutMs / 1000} s`))
    }, timeoutMs)
    child.stdout?.on('data', (chunk: Buffer) => output.take(0, chunk))
    child.stderr?.on('data', (chunk: Buffer) => output.take(1, chunk))
    child.stdin?.on('error', () => {}) // It ended before it read its input; its exit code says whether that matters.
    child.stdin?.end(options.input)
    child.on('error', (cause) => reject(new Error(`${command} cannot be started: ${cause.message}`, { cause })))
    child.on('close', (code, signal) => resolve(code ?? 128 + constants.signals[signal ?? 'SIGKILL']))
    child.on('close', () => clearTimeout(timer))
    child.on('error', () => clearTimeout(timer))
  })
}
