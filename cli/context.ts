import type { Client, ClientOptions } from './api-client.ts'
import type { CommandContext } from './command.ts'
import type { Login } from './login-file.ts'
import type { Paint } from './paint.ts'
import type { WholeProgram } from './whole-program.ts'
import type { Screen } from './screen.ts'

/** What the operator's commands are given. */
export interface Context extends CommandContext {
  /** The server of the login, or an error that says how to log in. */
  api(options?: ClientOptions): Promise<Client>
  /** The server of a login that is not written yet. */
  apiOf(login: Login): Client
  /** Where the login is kept. */
  loginPath: string
  /** What programs keep between two calls lies in here. */
  stateFolder: string
  /** The context that was asked for, by --context or TRIVET_CONTEXT; the current one if not. */
  contextName?: string | undefined
  /** Colours for data on stdout: none when it is no terminal. */
  paint: Paint
  /** Whether data on stdout goes to a terminal. */
  stdoutIsTerminal: boolean
  /** Where live lines go; it is not live where nobody would see them: no terminal on stderr, NO_COLOR, or `quiet`, for programs. */
  screen(asked: { quiet: boolean }): Promise<Screen>
  now: () => number
  /** The program itself, with the verbs of all its parts. */
  program(): Promise<WholeProgram>
  /** All of stdin. */
  readInput(): Promise<string>
  /** Asks on the terminal; undefined when there is none to ask on. */
  confirm(question: string): Promise<boolean | undefined>
}
