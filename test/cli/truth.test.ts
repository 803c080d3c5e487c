import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Command } from '../../cli/command.ts'
import { commands } from '../../cli/commands/index.ts'
import { completionTable, sourceOf } from '../../cli/completion/table.ts'
import { flagsOf, type Declared } from '../../cli/help.ts'
import { manPages } from '../../cli/man.ts'
import { parseOptions } from '../../cli/parse.ts'
import { takeContext } from '../../cli/take-context.ts'
import { readUsage, verbOf } from '../../cli/usage.ts'
import { labCommands } from '../../lab/commands.ts'
import { launchCommands } from '../../launcher/commands/index.ts'
import { serverCommands } from '../../server/main.ts'
import { exampleLines, wordsOf } from '../helpers/examples.ts'

const root = join(import.meta.dirname, '..', '..')
const all: Command<never>[] = [...commands, ...labCommands, ...launchCommands, ...serverCommands]
const whole = { name: 'trivet', version: '1.2.3', summary: 'A test.', commands: all }

test('completions know every verb, and every flag of it', () => {
  const table = completionTable(all)
  for (const { usage, flags = {}, ...more } of all) {
    const words = verbOf(usage).split(' ')
    const offered = words.map((_, at) =>
      table[`next:${words.slice(0, at).join(' ')}`]?.map((line) => line.split('\t')[0]),
    )
    assert.deepEqual(
      words.map((word, at) => offered[at]?.includes(word)),
      words.map(() => true),
      usage,
    )
    const known = table[`flag:${verbOf(usage)}`]?.map((line) => line.split('\t')[0])
    for (const name of Object.keys(flags)) assert(known?.includes(`--${name}`), `${usage}: --${name}`)
    for (const { text } of flagsOf({ usage, flags, ...more }))
      for (const [negated] of text.matchAll(/--no-\w+/g)) assert(known?.includes(negated), `${usage}: ${negated}`)
  }
})

test('completions know what may stand in each place of a usage line', () => {
  const table = completionTable(all)
  for (const { usage } of all) {
    const { verb, operands, placeholders } = readUsage(usage)
    const places = [
      ...operands.map(({ name }, index) => ({ name, key: `take:${verb} ${index + 1}` })),
      ...Object.entries(placeholders).map(([flag, name]) => ({ name, key: `take:${verb} --${flag}` })),
    ]
    for (const { name, key } of places) {
      const isChosen = table[key]?.some((line) => !line.startsWith('@'))
      const isKnown = isChosen || name.split('|').every((word) => sourceOf(verb, word) !== undefined)
      assert(isKnown, `Nothing says what completes ${name} of '${usage}'. Add it to cli/completion/sources.ts.`)
    }
  }
})

test('the manual has a page for each noun, with each verb, flag and detail', () => {
  const pages = new Map(
    manPages(whole).map(({ name, text }) => [name, text.replaceAll('\\-', '-').replaceAll('\\e', '\\')]),
  )
  for (const command of all) {
    const page = pages.get(`trivet-${verbOf(command.usage).split(' ')[0]}.1`) ?? ''
    for (const text of [...saidBy(command), ...flagsOf(command).flatMap(({ flag, text: says }) => [flag, says])])
      assert(page.includes(text), `the page lacks '${text}' of '${command.usage}'`)
    assert(pages.get('trivet.1')?.includes(`.B ${verbOf(command.usage)}\n`))
  }
})

function saidBy({ usage, summary, details = '' }: Declared) {
  return [`trivet ${usage}`, summary, ...details.split('\n')]
}

test(
  'the manual is written as man wants it',
  { skip: !existsSync('/usr/bin/mandoc') && 'there is no mandoc here' },
  () => {
    for (const { name, text } of manPages(whole)) {
      const { stdout } = spawnSync('/usr/bin/mandoc', ['-T', 'lint', '-W', 'warning'], {
        input: text,
        encoding: 'utf8',
      })
      const said = stdout.split('\n').filter((line) => line !== '' && !line.includes('missing date'))
      assert.deepEqual(said, [], name)
    }
  },
)

for (const { from, line } of examples()) {
  test(`${from}: '${line}' is a command line that trivet takes`, () => {
    const words = takeContext(wordsOf(line).slice(1)).args
    const verbs = all.filter(({ usage }) =>
      verbOf(usage)
        .split(' ')
        .every((word, index) => words[index] === word),
    )
    const [command] = verbs.toSorted((a, b) => verbOf(b.usage).length - verbOf(a.usage).length)
    if (!command) assert.fail(`there is no verb '${words.slice(0, 2).join(' ')}'`)
    parseOptions(command, words.slice(verbOf(command.usage).split(' ').length))
  })
}

/** What help and the pages tell people to type. */
function examples() {
  const pages = ['README.md', ...readdirSync(join(root, 'docs')).map((name) => join('docs', name))]
  return [
    ...all.flatMap(({ usage, details = '' }) =>
      exampleLines(details, /Example: (trivet [^\n]*)/g).map((line) => ({ from: `help ${verbOf(usage)}`, line })),
    ),
    ...pages
      .filter((name) => name.endsWith('.md') && name !== join('docs', 'cli.md'))
      .flatMap((name) =>
        exampleLines(readFileSync(join(root, name), 'utf8'), /^(?:\$ )?(trivet [^\n]*)/gm).map((line) => ({
          from: name,
          line,
        })),
      ),
  ]
}
