import { detailedExitCodes, exitCodes } from './exit-codes.ts'
import { flagsOf, type Declared } from './help.ts'
import { verbOf } from './usage.ts'
import type { WholeProgram } from './whole-program.ts'

/** A page of the manual: `trivet-node.1` has all verbs of that noun, `trivet.1` names them all. */
export interface ManPage {
  name: string
  text: string
}

/** One page for the program and one for each noun, from what the commands say of themselves. */
export function manPages(program: WholeProgram): ManPage[] {
  const about = (noun: string) => program.commands.filter((command) => nounOf(command) === noun)
  return [overview(program), ...nounsOf(program).map((noun) => nounPage(program, noun, about(noun)))]
}

function nounsOf({ commands }: WholeProgram) {
  return [...new Set(commands.map(nounOf))]
}

function nounOf({ usage }: Declared) {
  return verbOf(usage).split(' ')[0] ?? ''
}

function overview(program: WholeProgram) {
  const { name, version, summary, commands } = program
  const verbs = commands.flatMap(({ usage, summary: says }) => ['.TP', `.B ${escaped(verbOf(usage))}`, line(says)])
  return page(name, version, summary, [
    '.SH SYNOPSIS',
    `.B ${escaped(name)}`,
    '.I VERB',
    '[ARGUMENTS]',
    '.SH VERBS',
    ...verbs,
    ...common,
    '.SH SEE ALSO',
    nounsOf(program)
      .map((noun) => `.BR ${escaped(`${name}-${noun}`)} (1)`)
      .join(',\n'),
  ])
}

function nounPage({ name, version }: WholeProgram, noun: string, commands: Declared[]) {
  const summary = commands.length === 1 ? (commands[0]?.summary ?? '') : `all verbs of ${name} about ${noun}`
  return page(`${name}-${noun}`, version, summary, [
    '.SH SYNOPSIS',
    ...commands.flatMap(({ usage }, index) => [...(index > 0 ? ['.br'] : []), `.B ${escaped(`${name} ${usage}`)}`]),
    '.SH DESCRIPTION',
    ...commands.flatMap((command) => verbSection(name, command)),
    ...common,
    '.SH SEE ALSO',
    `.BR ${escaped(name)} (1)`,
  ])
}

function verbSection(name: string, command: Declared) {
  return [
    `.SS ${escaped(`${name} ${verbOf(command.usage)}`)}`,
    line(command.summary),
    ...(command.details ? ['.PP', ...command.details.split('\n').flatMap((text) => [line(text), '.br'])] : []),
    ...flagsOf(command).flatMap(({ flag, text }) => ['.TP', `.B ${escaped(flag)}`, line(text)]),
  ]
}

const common = [
  '.SH EXIT STATUS',
  line(`It is ${exitCodes}. With`),
  '.B \\-\\-detailed\\-exitcodes',
  line(`it is as Puppet has it: ${detailedExitCodes}.`),
  '.SH EVERYWHERE',
  '.TP',
  '.B \\-\\-context NAME',
  'Ask the server of that context instead of the current one;',
  '.BR trivet\\-context (1)',
  'lists them.',
  '.SH ENVIRONMENT',
  '.TP',
  '.B TRIVET_CONTEXT',
  'The context to use when',
  '.B \\-\\-context',
  'does not say another.',
  '.TP',
  '.B NO_COLOR',
  'When it is set, nothing is coloured; a pipe never is.',
  '.TP',
  '.B TRIVET_CONFIG',
  'The file with the logins, instead of',
  '.IR $XDG_CONFIG_HOME/trivet/config.json .',
]

function page(name: string, version: string, summary: string, sections: string[]): ManPage {
  const head = `.TH ${escaped(name.toUpperCase())} 1 "" ${escaped(`"Trivet ${version}"`)} "Manual of Trivet"`
  const lines = [head, '.SH NAME', `${escaped(name)} \\- ${escaped(summary.replace(/\.$/, ''))}`, ...sections]
  return { name: `${name}.1`, text: `${lines.join('\n')}\n` }
}

/** A line of text, which must not be taken for a request. */
function line(text: string) {
  return escaped(text).replace(/^(?=[.'])/, '\\&')
}

function escaped(text: string) {
  return text.replaceAll('\\', '\\e').replaceAll('-', '\\-')
}
