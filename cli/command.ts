import type { ParseArgsConfig } from 'node:util'
import type { z } from 'zod'

/** Where a command prints. Data goes to stdout, chatter to stderr, so that a pipe gets data alone. */
export interface Output {
  /** One JSON document on stdout. */
  json(value: unknown): void
  /** A JSON document a line on stdout. */
  jsonl(values: Iterable<unknown>): void
  /** Rows under the headings that the first row's keys give, or `empty` on stderr when there are none. */
  table(rows: Record<string, string>[], empty?: string): void
  /** A line of data on stdout. */
  line(text: string): void
  /** A line for people on stderr: progress, hints. */
  note(text: string): void
}

/** A line of a daemon's log, and what it is about; `node`, `run` and `order` mean the same in every line of every program. */
export type Log = (line: string, about?: { level?: 'info' | 'warn' | 'error'; [what: string]: unknown }) => void

/** What every command of every program is given; a program adds what its own commands need. */
export interface CommandContext {
  output: Output
  /**
   * Aborted by the first Ctrl-C or SIGTERM; a second one ends the program at once.
   * A command that never asks for it is simply ended by the first.
   */
  interrupted(): AbortSignal
}

/**
 * One verb of a program, declared: help, flags and positionals are all in here.
 * `options` reads one record of the flags by name and, under `operands`, the positionals in order.
 */
export interface Command<Context, Options extends z.ZodType = z.ZodType> {
  /**
   * As typed, without the program's name: `node assign NODE ROLE... [--yes]`. The words before the first capital are the verb.
   * How many operands there may be is read from here; each flag's help is the description (`.describe`) of its option.
   */
  usage: string
  summary: string
  /** What `help VERB` adds below the summary: examples, exit codes. */
  details?: string
  flags?: NonNullable<ParseArgsConfig['options']>
  options: Options
  /** Gives the exit code: 0 done, 1 it failed; wrong usage is thrown as UsageError. Nothing means 0. */
  run(options: z.infer<Options>, context: Context): Promise<number | void>
}

/** The user asked wrongly: shown without a stack, exit code 2; with --detailed-exitcodes 1. */
export class UsageError extends Error {
  override name = 'UsageError'
}

/** It failed for a reason that the user can act on: shown without a stack, exit code 1. */
export class CommandError extends Error {
  override name = 'CommandError'
}

/** Gives `options` the type that the schema describes. */
export function defineCommand<Context>() {
  return <Options extends z.ZodType>(command: Command<Context, Options>) => command
}
