import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readUnits } from '../../agent/units.ts'

const nginx = `Type=forking
LoadState=loaded
ActiveState=active
SubState=running
UnitFileState=enabled
NeedDaemonReload=no
`
const timer = `LoadState=loaded
ActiveState=active
SubState=waiting
UnitFileState=static
NeedDaemonReload=yes
`
const none = `Type=
LoadState=not-found
ActiveState=inactive
SubState=dead
UnitFileState=
NeedDaemonReload=no
`

const answering =
  (stdout: string, exitCode = 0) =>
  async () => ({ exitCode, stdout, stderr: '' })

test('the state of all units is read in one call, each by its name', async () => {
  const asked: string[][] = []
  const units = await readUnits(['nginx.service', 'x.timer', 'gone.service'], async (argv) => {
    asked.push(argv)
    return { exitCode: 0, stdout: [nginx, timer, none].join('\n'), stderr: '' }
  })
  assert.equal(asked.length, 1)
  assert.deepEqual(asked[0]?.slice(-4), ['--', 'nginx.service', 'x.timer', 'gone.service'])
  assert.deepEqual(units.get('nginx.service'), {
    LoadState: 'loaded',
    ActiveState: 'active',
    SubState: 'running',
    UnitFileState: 'enabled',
    Type: 'forking',
    NeedDaemonReload: 'no',
  })
  assert.deepEqual([units.get('x.timer')?.Type, units.get('x.timer')?.NeedDaemonReload], ['', 'yes'])
  assert.equal(units.get('gone.service')?.LoadState, 'not-found')
})

test('an answer with another number of units is refused: it could not be told whose is whose', async () => {
  await assert.rejects(readUnits(['a.service', 'b.service'], answering(nginx)), /answered for 1 units of 2/)
})

test('a systemctl that fails is told with what it said', async () => {
  await assert.rejects(
    readUnits(['a.service'], answering('Failed to connect to bus', 1)),
    /exited with 1: Failed to connect/,
  )
})
