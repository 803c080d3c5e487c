import assert from 'node:assert/strict'
import { test } from 'node:test'
import { labCommands } from '../../lab/commands.ts'
import { beginning } from '../../lab/detach.ts'

function read(verb: string, options: Record<string, unknown>) {
  const command = labCommands.find(({ usage }) => usage.startsWith(`lab ${verb} `))
  assert.ok(command, `there is no lab ${verb}`)
  return command.options.safeParse(options)
}

test('lab up wants a number of nodes and makes Debian 13', () => {
  const { data } = read('up', { operands: ['3'] })
  assert.deepEqual(data, { operands: [3], os: 'trixie', detach: false, json: false })
})

for (const [what, options] of [
  ['no nodes', { operands: ['0'] }],
  ['a word for a number', { operands: ['many'] }],
  ['an unknown system', { operands: ['1'], os: 'sarge' }],
  ['a name that is a path', { operands: ['1'], name: '../etc' }],
] as const) {
  test(`lab up refuses ${what}`, () => assert.equal(read('up', options).success, false))
}

test('lab exec wants a node and a command', () => {
  assert.equal(read('exec', { operands: ['lab-1'] }).success, false)
  assert.equal(read('exec', { operands: ['lab-1', 'ls', '-l'] }).success, true)
})

test('a lab that begins without nodes is told as started', () => {
  assert.deepEqual(
    [0, 1, 2].map((count) => beginning(count, 'trial')),
    ['Starting lab trial', 'Booting 1 node as lab trial', 'Booting 2 nodes as lab trial'],
  )
})
