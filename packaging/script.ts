import { parseArgs, type ParseArgsConfig } from 'node:util'
import { CommandError } from '../cli/command.ts'
import { codeOf, messageOf } from '../protocol/errors.ts'

type Flags = NonNullable<ParseArgsConfig['options']>

export interface Script<F extends Flags> {
  /** As npm runs it: `build:agent`. */
  name: string
  /** What comes after its name, and what each flag does. */
  usage: string
  flags: F
  run: (values: ReturnType<typeof parseArgs<{ options: F }>>['values']) => Promise<void>
}

interface Said {
  line: (text: string) => void
  note: (text: string) => void
}

/** Runs what npm calls by that name and gives the exit code: 0 done, 1 it failed, 2 wrongly asked. An error that is our own fault is thrown on. */
export async function runScript<F extends Flags>(script: Script<F>, args: string[], { line, note }: Said) {
  const { name, usage, flags, run } = script
  if (args.includes('--help') || args.includes('-h')) {
    line(`Usage: npm run ${name} -- ${usage}`)
    return 0
  }
  const given = parsed(args, flags)
  if (typeof given === 'string') {
    note(`${name}: ${given}. Next: npm run ${name} -- --help`)
    return 2
  }
  try {
    await run(given.values)
    return 0
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    note(`${name}: ${error.message}`)
    return 1
  }
}

/** The flags, or what is wrong with them. */
function parsed<F extends Flags>(args: string[], options: F) {
  try {
    return parseArgs({ args, options })
  } catch (error) {
    if (!codeOf(error)?.startsWith('ERR_PARSE_ARGS_')) throw error
    return messageOf(error).split('\n')[0]?.replace(/\.$/, '') ?? ''
  }
}
