import { CommandError, UsageError, type Command, type CommandContext } from './command.ts'
import { detailedExitCodes, exitCodes } from './exit-codes.ts'
import { commandHelp, verbList } from './help.ts'
import { parseOptions } from './parse.ts'
import { closest } from '../protocol/closest.ts'
import { verbOf } from './usage.ts'
import type { WholeProgram } from './whole-program.ts'

/** Commands of another part, loaded when they are asked for, so that the rest starts quickly. */
interface Part<Context> {
  /** The first word of all its verbs: `lab`. */
  word: string
  summary: string
  load(): Promise<Command<Context>[]>
}

/** A program of verbs: `trivet`, `trivet-agent`. */
export interface Program<Context extends CommandContext> {
  name: string
  version: string
  /** One sentence at the top of its help. */
  summary: string
  commands: Command<Context>[]
  parts?: Part<Context>[]
  /** A last line of its help. */
  more?: string
}

/**
 * Runs what the arguments ask for and gives the exit code: 0 done, 1 it failed, 2 wrongly asked; where 2 may mean that something
 * changed, wrongly asked is 1.
 * An error that is our own fault is thrown on.
 */
export async function runProgram<Context extends CommandContext>(
  program: Program<Context>,
  args: string[],
  context: Context,
): Promise<number> {
  try {
    return await dispatch(program, args, context)
  } catch (error) {
    if (error instanceof UsageError) {
      context.output.note(`${program.name}: ${error.message}`)
      return beforeTerminator(args).includes('--detailed-exitcodes') ? 1 : 2
    }
    if (error instanceof CommandError) {
      context.output.note(`${program.name}: ${error.message}`)
      return 1
    }
    throw error
  }
}

/** The program with the verbs of all its parts. */
export async function wholeOf<Context extends CommandContext>(program: Program<Context>): Promise<WholeProgram> {
  const { name, version, summary, commands, parts = [] } = program
  return {
    name,
    version,
    summary,
    commands: [...commands, ...(await Promise.all(parts.map((part) => part.load()))).flat()],
  }
}

async function dispatch<Context extends CommandContext>(program: Program<Context>, args: string[], context: Context) {
  const [first] = args
  const wantsHelp = beforeTerminator(args).some((arg) => arg === '--help' || arg === '-h')
  if (first === '--version' || first === 'version') {
    context.output.line(`${program.name} ${program.version}`)
    return 0
  }
  if (first === 'help' || wantsHelp || first === undefined) {
    const verb = (first === 'help' ? args.slice(1) : args).filter((arg) => !arg.startsWith('-'))
    context.output.line(await helpText(program, verb))
    return 0
  }
  const command = await findCommand(program, args)
  return (await runCommand(program.name, command, args.slice(verbOf(command.usage).split(' ').length), context)) ?? 0
}

async function runCommand<Context>(name: string, command: Command<Context>, args: string[], context: Context) {
  try {
    return await command.run(parseOptions(command, args), context)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    const hint = `Usage: ${name} ${command.usage}\nMore: ${name} help ${verbOf(command.usage)}`
    throw new UsageError(`${error.message}\n${hint}`, { cause: error })
  }
}

async function helpText<Context extends CommandContext>(program: Program<Context>, words: string[]) {
  if (words.length === 0) return overview(program)
  const commands = await commandsFor(program, words)
  const command = longestMatch(commands, words)
  if (command) return commandHelp(program.name, command)
  const group = commands.filter(({ usage }) => startsWith(verbOf(usage).split(' '), words.slice(0, 1)))
  if (group.length === 0) throw unknownVerb(program, commands, words)
  return `${verbList(group)}\n\nMore: ${program.name} help ${words[0]} VERB`
}

function overview<Context extends CommandContext>({ name, summary, commands, parts = [], more }: Program<Context>) {
  const entries = [...commands, ...parts.map((part) => ({ usage: part.word, summary: part.summary }))]
  return [
    summary,
    '',
    `Usage: ${name} VERB [ARGUMENTS]`,
    '',
    verbList(entries),
    '',
    `${name} help VERB says more; ${name} --version tells the version.`,
    ...(more ? [more] : []),
    `Exit code: ${exitCodes}. With --detailed-exitcodes: ${detailedExitCodes}.`,
  ].join('\n')
}

async function findCommand<Context extends CommandContext>(program: Program<Context>, args: string[]) {
  const commands = await commandsFor(program, args)
  const command = longestMatch(commands, args)
  if (command) return command
  throw unknownVerb(program, commands, args)
}

/** The program's own commands, and those of the part that the first word names. */
async function commandsFor<Context extends CommandContext>(program: Program<Context>, words: string[]) {
  const part = program.parts?.find(({ word }) => word === words[0])
  return part ? part.load() : program.commands
}

function longestMatch<Context>(commands: Command<Context>[], words: string[]) {
  return commands
    .filter(({ usage }) => startsWith(words, verbOf(usage).split(' ')))
    .toSorted((a, b) => verbOf(b.usage).length - verbOf(a.usage).length)[0]
}

function unknownVerb<Context extends CommandContext>(
  { name, parts = [] }: Program<Context>,
  commands: Command<Context>[],
  words: string[],
) {
  const [first = '', second = ''] = words
  const group = commands.filter(({ usage }) => startsWith(verbOf(usage).split(' '), [first]))
  if (group.length > 0 && (second === '' || second.startsWith('-'))) {
    return new UsageError(`${first} needs a verb:\n${verbList(group)}`)
  }
  const near = group.length > 0 ? closest(`${first} ${second}`, group.map(verbIn)) : nearestOf(words, commands, parts)
  const asked = group.length > 0 ? `${first} ${second}` : first
  return new UsageError(
    `There is no '${asked}'.${near ? ` Did you mean '${near}'?` : ''} All verbs: ${name} help${group.length > 0 ? ` ${first}` : ''}`,
  )
}

const verbIn = ({ usage }: { usage: string }) => verbOf(usage)

/** What somebody may have meant who begins with a word that nothing begins with: a slip, or a verb without its noun or before it. */
function nearestOf([first = '', second = '']: string[], commands: { usage: string }[], parts: { word: string }[]) {
  const verbs = commands.map(verbIn)
  const [only, ...others] = verbs.filter((verb) => verb.split(' ').at(-1) === first)
  const firsts = [...verbs.map((verb) => verb.split(' ')[0] ?? ''), ...parts.map(({ word }) => word)]
  return (
    closest(`${first} ${second}`.trim(), verbs) ??
    closest(`${second} ${first}`.trim(), verbs) ??
    (others.length === 0 ? only : undefined) ??
    closest(first, [...verbs, ...firsts])
  )
}

function startsWith(words: string[], prefix: string[]) {
  return prefix.every((word, index) => words[index] === word)
}

function beforeTerminator(args: string[]) {
  const at = args.indexOf('--')
  return at < 0 ? args : args.slice(0, at)
}
