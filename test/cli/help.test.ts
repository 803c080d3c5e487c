import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import type { Command } from '../../cli/command.ts'
import { commands } from '../../cli/commands/index.ts'
import { commandHelp, flagsOf } from '../../cli/help.ts'
import { command } from '../../cli/options.ts'
import { readUsage, verbOf } from '../../cli/usage.ts'
import { agentCommands } from '../../agent/commands/index.ts'
import { labCommands } from '../../lab/commands.ts'
import { serverCommands } from '../../server/main.ts'
import { tempDir } from '../helpers/converges.ts'
import { trivet } from '../helpers/trivet.ts'

const all: { usage: string; command: Command<never> }[] = [
  ...commands,
  ...labCommands,
  ...serverCommands,
  ...agentCommands,
].map((each: Command<never>) => ({ usage: each.usage, command: each }))

for (const { usage, command: declared } of all) {
  test(`help of '${verbOf(usage)}' names each flag, and each says what it does`, () => {
    assert.deepEqual(readUsage(usage).flags.toSorted(), Object.keys(declared.flags ?? {}).toSorted())
    for (const { flag, text } of flagsOf(declared)) assert(text, `${flag} lacks a description`)
    for (const [name, { type }] of Object.entries(declared.flags ?? {})) {
      assert.equal(name in readUsage(usage).placeholders, type === 'string', `--${name} takes a value or not`)
    }
    assert.match(declared.summary, /^[A-Z'].*\.$/)
    assert(commandHelp('trivet', declared).startsWith(`Usage: trivet ${usage}\n`))
  })
}

test('no verb is there twice', () => {
  const verbs = commands.map(({ usage }) => verbOf(usage))
  assert.equal(new Set(verbs).size, verbs.length)
})

test('all verbs of a noun stand together', () => {
  const nouns = commands.map(({ usage }) => verbOf(usage).split(' ')[0])
  const turns = nouns.filter((noun, at) => noun !== nouns[at - 1])
  assert.deepEqual(turns, [...new Set(turns)])
})

test('what prints data can print it as JSON, and what has no end as lines of it', () => {
  const without = commands.filter(({ flags }) => !flags?.['json'])
  assert.deepEqual(
    without.filter(({ flags }) => !flags?.['jsonl']).map(({ usage }) => verbOf(usage)),
    ['login', 'context ca', 'export runs', 'export audit', 'metrics', 'openapi', 'backup', 'completion', 'man'],
  )
  assert.deepEqual(
    without.filter(({ flags }) => flags?.['jsonl']).map(({ usage }) => verbOf(usage)),
    ['run watch', 'events'],
  )
})

test('help is found for a verb, a noun and the whole', async (t) => {
  const home = await tempDir(t)
  const whole = await trivet([], { home })
  assert.equal(whole.exitCode, 0)
  assert.match(whole.stdout, /node list +List the nodes/)
  assert.match(whole.stdout, /Exit code: 0 when it is done, 1 .* With --detailed-exitcodes: 0 nothing to change, 2 /)
  for (const args of [
    ['help', 'run', 'list'],
    ['run', 'list', '--help'],
    ['run', 'list', '-h'],
  ]) {
    assert.match((await trivet(args, { home })).stdout, /^Usage: trivet run list .*\n[^]*--outcome OUTCOME +Only runs/)
  }
  assert.match((await trivet(['help', 'node'], { home })).stdout, /node assign[^]*trivet help node VERB/)
  assert.equal((await trivet(['--version'], { home })).stdout, 'trivet 1.2.3\n')
})

test('a verb that is not there is answered with the nearest one', async (t) => {
  const home = await tempDir(t)
  const cases: [string[], RegExp][] = [
    [['nod', 'list'], /There is no 'nod'\. Did you mean 'node list'\?/],
    [['node', 'lst'], /There is no 'node lst'\. Did you mean 'node list'\? All verbs: trivet help node/],
    [['explain', 'n1', 'web.port'], /There is no 'explain'\. Did you mean 'node explain'\?/],
    [['list', 'nodes'], /Did you mean 'node list'\?/],
    [['convrege'], /Did you mean 'converge'\?/],
    [['node'], /node needs a verb:\n {2}node list/],
    [['help', 'xyzzy'], /There is no 'xyzzy'\. All verbs: trivet help/],
  ]
  for (const [args, message] of cases) {
    const { exitCode, stderr, stdout } = await trivet(args, { home })
    assert.match(stderr, message)
    assert.deepEqual([exitCode, stdout], [2, ''])
  }
})

test('what is wrongly asked exits with 2, unless that could mean that something changed', async (t) => {
  const home = await tempDir(t)
  const exitCodeOf = async (...args: string[]) => (await trivet(args, { home })).exitCode
  assert.equal(await exitCodeOf('converge', '--nonsense'), 2)
  assert.equal(await exitCodeOf('converge', '--nonsense', '--detailed-exitcodes'), 1)
  assert.equal(await exitCodeOf('convrege', '--detailed-exitcodes'), 1)
  assert.equal(await exitCodeOf('converge', '--nonsense', '--', '--detailed-exitcodes'), 2)
})

test('a flag that another program would take is not ours after --', async (t) => {
  let got: string[] = []
  const exec = command({
    usage: 'exec NODE -- COMMAND...',
    summary: 'Run.',
    options: z.object({ operands: z.array(z.string()) }),
    run: async ({ operands }) => {
      got = operands
    },
  })
  const { exitCode } = await trivet(['exec', 'n1', '--', 'ls', '--help'], { home: await tempDir(t), commands: [exec] })
  assert.deepEqual([exitCode, got], [0, ['n1', 'ls', '--help']])
})
