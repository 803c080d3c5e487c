import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { UsageError } from '../../cli/command.ts'
import { command } from '../../cli/options.ts'
import { parseOptions } from '../../cli/parse.ts'
import { readUsage } from '../../cli/usage.ts'

test('a usage line says the verb, the operands and the flags', () => {
  assert.deepEqual(readUsage('node assign NODE ROLE... [--yes] [--by NAME]'), {
    verb: 'node assign',
    operands: [
      { name: 'NODE', required: true, many: false },
      { name: 'ROLE', required: true, many: true },
    ],
    flags: ['yes', 'by'],
    placeholders: { by: 'NAME' },
  })
})

test('a usage line may have alternatives, repetitions, required flags and values to choose from', () => {
  const usage = readUsage(
    'server go --data DIR [NODE...|--role R|--all] [--os trixie|bookworm] [--tag T]... -- COMMAND...',
  )
  assert.equal(usage.verb, 'server go')
  assert.deepEqual(usage.flags, ['data', 'role', 'all', 'os', 'tag'])
  assert.deepEqual(usage.placeholders, { data: 'DIR', role: 'R', os: 'trixie|bookworm', tag: 'T' })
  assert.deepEqual(
    usage.operands.map(({ name, required, many }) => `${name} ${required} ${many}`),
    ['NODE false true', 'COMMAND true true'],
  )
})

test('what is in brackets may be said several times as well', () => {
  assert.deepEqual(readUsage('launch stop FILE [GROUP|NODE]... [--yes]').operands, [
    { name: 'FILE', required: true, many: false },
    { name: 'GROUP|NODE', required: false, many: true },
  ])
})

test('what may stand in one place is one operand', () => {
  assert.deepEqual(readUsage('run watch [NODE|RUN] [TEXT] [--diff]').operands, [
    { name: 'NODE|RUN', required: false, many: false },
    { name: 'TEXT', required: false, many: false },
  ])
})

const greet = command({
  usage: 'greet NAME [--times N] [--tag T]... [--loud]',
  summary: 'Greet.',
  flags: {
    times: { type: 'string' },
    tag: { type: 'string', multiple: true },
    loud: { type: 'boolean', short: 'l' },
  },
  options: z.object({
    operands: z.tuple([z.string().max(5, 'is too long')]),
    times: z.coerce.number().int().min(1).default(1),
    tag: z.array(z.string()).default([]),
    loud: z.boolean().default(false),
  }),
  run: async () => 0,
})

test('options are read by name, operands in order', () => {
  assert.deepEqual(parseOptions(greet, ['-l', 'ann', '--tag', 'a', '--times=3', '--tag', 'b']), {
    operands: ['ann'],
    times: 3,
    tag: ['a', 'b'],
    loud: true,
  })
  assert.deepEqual(parseOptions(greet, ['--', '-ann']).operands, ['-ann'])
})

test('wrong usage is said in the words of the usage line', () => {
  assertWrong([], /^NAME is missing\.$/)
  assertWrong(['ann', 'bob'], /nothing for 'bob'/)
  assertWrong(['ann', '--tims', '3'], /There is no --tims\. Did you mean --times\?/)
  assertWrong(['ann', '-x'], /There is no -x\. .*Write -- before/)
  assertWrong(['ann', '--times'], /--times <value>/)
  assertWrong(['ann', '--loud=yes'], /--loud/)
  assertWrong(['ann', '--times', 'many'], /^--times: must be a number, not "many"$/)
  assertWrong(['ann', '--times', '0'], /^--times: must be at least 1$/)
  assertWrong(['wilhelmina'], /^NAME: is too long$/)
})

function assertWrong(args: string[], message: RegExp) {
  assert.throws(
    () => parseOptions(greet, args),
    (error: Error) => error instanceof UsageError && message.test(error.message),
  )
}
