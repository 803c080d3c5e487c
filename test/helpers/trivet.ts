import { join } from 'node:path'
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
  live?: boolean
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
  const [stdout, stderr] = [given.stdout ?? new Written(), new Written()]
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
    contextName,
    paint,
    screen: makeScreen(stderr, { live: given.live ?? false, paint }),
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

/** What a terminal shows in the end: lines that were redrawn are there once. */
export function shownBy(text: string) {
  const rows: string[] = []
  for (const drawn of text.split('\x1b[?7l')) {
    const [up = '', rest = ''] = drawn.includes('A\r') ? drawn.split('A\r\x1b[J') : ['', drawn]
    rows.splice(rows.length - Number(up.slice('\x1b['.length)))
    rows.push(...stripVTControlCharacters(rest).split('\n').slice(0, -1))
  }
  return rows
}
