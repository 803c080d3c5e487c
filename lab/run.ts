import { spawn } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { CommandError } from '../cli/command.ts'
import { hasCode } from '../protocol/errors.ts'
import { killIfThere } from './processes.ts'

export interface CommandResult {
  exitCode: number
  stdout: string
  stderr: string
}

export interface RunOptions {
  input?: string | Buffer | undefined
  /** The whole process group is killed when the time is over, and the promise rejects. */
  timeoutMs?: number | undefined
  env?: NodeJS.ProcessEnv | undefined
}

/** Runs a command to its end, whatever its exit code. Rejects when it cannot start, dies of a signal or takes too long. */
export function run(argv: string[], { input, timeoutMs, env }: RunOptions = {}): Promise<CommandResult> {
  const [program = '', ...args] = argv
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { detached: true, stdio: 'pipe', ...(env && { env }) })
    const stdout = collect(child.stdout)
    const stderr = collect(child.stderr)
    let late = false
    const timer = timeoutMs && setTimeout(() => (late = killGroup(child.pid)), timeoutMs)

    child.on('error', reject)
    child.on('close', (exitCode, signal) => {
      if (timer) clearTimeout(timer)
      if (late) return reject(new Error(`${argv.join(' ')} took longer than ${timeoutMs} ms. ${stderr()}`.trim()))
      if (exitCode === null) return reject(new Error(`${argv.join(' ')} was ended by ${signal}.`))
      resolve({ exitCode, stdout: stdout(), stderr: stderr() })
    })
    child.stdin.on('error', (error) => {
      if (!hasCode(error, 'EPIPE')) reject(error) // EPIPE: it did not want to read all of its input
    })
    child.stdin.end(input)
  })
}

/** Runs a command that has to succeed and gives what it printed. */
export async function must(argv: string[], options: RunOptions = {}): Promise<string> {
  const { exitCode, stdout, stderr } = await run(argv, options)
  if (exitCode !== 0) throw new CommandError(`${argv.join(' ')} exited with ${exitCode}: ${(stderr || stdout).trim()}`)
  return stdout
}

/** Asks `check` again and again until it gives something; after the deadline an error names what was awaited. */
export async function until<T>(
  what: string | (() => string),
  check: () => Promise<T | undefined | false>,
  timeoutMs = 30_000,
): Promise<T> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const found = await check()
    if (found !== undefined && found !== false) return found
    if (performance.now() > deadline) {
      throw new CommandError(`Waited ${timeoutMs} ms in vain for ${typeof what === 'string' ? what : what()}`)
    }
    await delay(30)
  }
}

function collect(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = []
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  return () => Buffer.concat(chunks).toString()
}

function killGroup(pid: number | undefined): boolean {
  if (pid) killIfThere(-pid)
  return true
}
