import { detailedExitCodes, exitCodes } from './exit-codes.ts'
import { commandHelp, type Declared } from './help.ts'
import { verbOf } from './usage.ts'

/** A program, or a part of one, with a chapter of its own. */
export interface Chapter {
  title: string
  intro: string
  program: string
  commands: Declared[]
}

/** The reference of commands, in their own words, so that it cannot say what the code does not. */
export function cliPage(chapters: Chapter[]) {
  return `${[opening, ...chapters.flatMap(chapterLines)].join('\n\n')}\n`
}

const opening = `# Commands

<!-- Made from the commands. Do not edit: change the command, then run npm run docs. -->

Data goes to stdout and everything for people to stderr, so that a pipe gets data alone. \`NO_COLOR\` turns colours off.
The exit code is ${exitCodes}. With
\`--detailed-exitcodes\` it is as Puppet has it: ${detailedExitCodes}. \`trivet help VERB\` says what is said here.`

function chapterLines({ title, intro, program, commands }: Chapter) {
  return [
    `## ${title}`,
    intro,
    ...commands.flatMap((command) => [
      `### ${program} ${verbOf(command.usage)}`,
      `\`\`\`\n${commandHelp(program, command)}\n\`\`\``,
    ]),
  ]
}
