import { join } from 'node:path'
import { clearLine, cursorTo, moveCursor } from 'node:readline'
import { Writable } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import { makeClient } from '../../cli/api-client.ts'
import type { Command } from '../../cli/command.ts'
import { commands } from '../../cli/commands/index.ts'
import type { Context } from '../../cli/context.ts'
import { readLogin, writeLogin, type Login } from '../../cli/login-file.ts'
import { makeOutput } from '../../cli/output.ts'
import { coloured, plain } from '../../cli/paint.ts'
import { runProgram, wholeOf } from '../../cli/program.ts'
import { makeScreen } from '../../cli/screen.ts'
import { takeContext } from '../../cli/take-context.ts'

interface Given {
  /** Where the login is, or is written to. */
  home: string
  login?: Login
  commands?: Command<Context>[]
  /** Whether stderr is a terminal. */
  live?: boolean
  stdoutIsTerminal?: boolean
  colour?: boolean
  input?: string
  answer?: boolean | undefined
  now?: number
  signal?: AbortSignal
  /** Where it prints, for who looks while it runs. */
  stdout?: Written
}

/** Runs `trivet` as its main.ts does, in this process, and gives what it printed and its exit code. */
export async function trivet(words: string[], given: Given) {
  const [stdout, stderr] = [given.stdout ?? new Written(), new Terminal()]
  const { args, context: contextName } = takeContext(words)
  const loginPath = join(given.home, 'trivet', 'config.json')
  if (given.login) await writeLogin(loginPath, given.login)
  const paint = given.colour ? coloured : plain
  const context: Context = {
    output: makeOutput(stdout, stderr),
    api: async (options) => makeClient(await readLogin(loginPath, contextName), options),
    program: () => wholeOf(program),
    apiOf: makeClient,
    loginPath,
    stateFolder: join(given.home, 'state'),
    contextName,
    paint,
    stdoutIsTerminal: given.stdoutIsTerminal ?? false,
    screen: ({ quiet }) => makeScreen(stderr, { live: !quiet && (given.live ?? false), paint }),
    now: () => given.now ?? Date.now(),
    readInput: async () => given.input ?? '',
    confirm: async () => given.answer,
    interrupted: () => given.signal ?? new AbortController().signal,
  }
  const program = { name: 'trivet', version: '1.2.3', summary: 'A test.', commands: given.commands ?? commands }
  const exitCode = await runProgram(program, args, context)
  return { exitCode, stdout: stdout.text, stderr: stderr.text, loginPath }
}

export class Written {
  text = ''
  write(text: string) {
    this.text += text
  }
}

/** What is asked of a terminal, as it would be sent to one. */
class Terminal extends Writable {
  isTTY = true
  columns = 80
  rows = 24
  text = ''
  override write(chunk: unknown) {
    this.text += String(chunk)
    return true
  }
  cursorTo(x: number) {
    return cursorTo(this, x)
  }
  clearLine(direction: -1 | 0 | 1) {
    return clearLine(this, direction)
  }
  moveCursor(dx: number, dy: number) {
    return moveCursor(this, dx, dy)
  }
}

/** All that was drawn, one after the other: the lines of each picture, without the sign that turns. */
export function drawnOn(stderr: string) {
  const pictures = stderr.split('\x1b[?2026h').slice(1)
  return pictures.map((drawn) =>
    stripVTControlCharacters(drawn.split('\x1b[?2026l')[0] ?? '')
      .replace(/^\S /, '')
      .split('\n'),
  )
}

/** How many lines were taken back after the last picture. */
export function takenBack(stderr: string) {
  return (stderr.split('\x1b[?2026l').at(-1) ?? '').split('\x1b[0K').length - 1
}
