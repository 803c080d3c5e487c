import { once } from 'node:events'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { UsageError, type Command, type Output } from '../cli/command.ts'
import { labCommands, type LabContext } from './commands.ts'

const output: Output = {
  json: (value) => console.log(JSON.stringify(value, null, 2)),
  table(rows, empty) {
    if (rows.length === 0) return console.error(empty ?? 'Nothing.')
    const keys = Object.keys(rows[0] ?? {})
    const widths = keys.map((key) =>
      Math.max(...[key, ...rows.map((row) => row[key] ?? '')].map((cell) => cell.length)),
    )
    const line = (cells: string[]) =>
      cells
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd()
    console.log([keys, ...rows.map((row) => keys.map((key) => row[key] ?? ''))].map(line).join('\n'))
  },
  line: (text) => console.log(text),
  note: (text) => console.error(text),
}

const context: LabContext = {
  output,
  untilStopped: async () => {
    const alive = setInterval(() => undefined, 60_000)
    await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
    clearInterval(alive)
  },
}

/** `argv` without the word `lab`. */
export async function main(argv: string[]): Promise<number> {
  try {
    const found = labCommands.find(({ usage }) => usage.startsWith(`lab ${argv[0]} `))
    if (!found) throw new UsageError(labCommands.map(({ usage, summary }) => `${usage}\n    ${summary}`).join('\n'))
    return (await found.run(readOptions(found, argv.slice(1)), context)) ?? 0
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    return error instanceof UsageError ? 2 : 1
  }
}

export function readOptions(command: Command<LabContext>, args: string[]): unknown {
  const { values, positionals } = parse(command, args)
  const read = command.options.safeParse({ ...values, operands: positionals })
  if (!read.success) throw new UsageError(`Usage: ${command.usage}\n${z.prettifyError(read.error)}`)
  return read.data
}

function parse(command: Command<LabContext>, args: string[]) {
  try {
    return parseArgs({ args, options: command.flags ?? {}, allowPositionals: true })
  } catch (error) {
    throw new UsageError(`Usage: ${command.usage}\n${(error as Error).message}`)
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) process.exitCode = await main(process.argv.slice(2))
