import assert from 'node:assert/strict'
import { linkSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Systemd } from '../../../agent/machine/dbus/systemd.ts'
import { readUnits } from '../../../agent/machine/units.ts'
import { tempDir } from '../../helpers/converges.ts'
import { fakeSystemd } from '../fake-systemd.ts'

const nginx = { LoadState: 'loaded', ActiveState: 'active', SubState: 'running', UnitFileState: 'enabled' }
const running = { ...nginx, Type: 'forking', NeedDaemonReload: 'no' }
const answer = (property: string) =>
  Object.entries({ ...running, NeedDaemonReload: false }).find(([name]) => name === property)?.[1]

const noChild = () => Promise.reject(new Error('a child was to be started'))
const printing =
  (stdout: string, exitCode = 0) =>
  async () => ({ exitCode, stdout, stderr: '' })
const shown = (lines: Record<string, string>) =>
  Object.entries(lines)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')

test('the state of all units is read over one connection that is kept, without a child', async (t) => {
  const { path, connections, asked } = await fakeSystemd(t, { answer })
  const systemd = new Systemd(path)
  const units = await readUnits(['nginx.service', 'x-y.timer'], systemd, noChild)
  assert.deepEqual(units.get('nginx.service'), running)
  assert.deepEqual(units.get('x-y.timer'), { ...running, Type: '' })
  assert.deepEqual(asked.slice(0, 1), ['nginx_2eservice LoadState'])
  assert.equal(asked.filter((one) => one.startsWith('x_2dy_2etimer')).length, 5)
  await readUnits(['nginx.service'], systemd, noChild)
  assert.equal(connections(), 1)
})

test('answers that come in pieces are put together', async (t) => {
  const { path } = await fakeSystemd(t, { answer, pieces: 7 })
  assert.deepEqual((await readUnits(['nginx.service'], new Systemd(path), noChild)).get('nginx.service'), running)
})

test('a unit that systemd refuses to tell of costs none of the others', async (t) => {
  const { path } = await fakeSystemd(t, {
    answer: (property, object) => (object.includes('_40') ? new Error('No such unit name.') : answer(property)),
  })
  const units = await readUnits(['many@.service', 'nginx.service'], new Systemd(path), noChild)
  const many = units.get('many@.service')
  assert(many instanceof Error)
  assert.match(many.message, /no state of many@\.service: No such unit name\. Name an instance/)
  assert.deepEqual(units.get('nginx.service'), running)
})

test('a systemd that goes away in the middle is asked again', async (t) => {
  let calls = 0
  const systemd = await fakeSystemd(t, {
    answer: (property) => {
      calls++
      if (calls === 3) systemd.drop()
      return calls < 4 ? undefined : answer(property)
    },
  })
  const units = await readUnits(['nginx.service'], new Systemd(systemd.path), noChild)
  assert.deepEqual(units.get('nginx.service'), running)
  assert.equal(systemd.connections(), 2)
})

test('a systemd that hangs is an error after the time that it has, and the next question connects anew', async (t) => {
  let hangs = true
  const { path, connections } = await fakeSystemd(t, { answer: (property) => (hangs ? undefined : answer(property)) })
  const systemd = new Systemd(path)
  const began = performance.now()
  await assert.rejects(
    readUnits(['nginx.service'], systemd, noChild, 200),
    /systemd gave no answer at .*\/private within 0\.2 s\. Look with `journalctl -b _PID=1`/,
  )
  assert(performance.now() - began < 5000)
  hangs = false
  assert.deepEqual((await readUnits(['nginx.service'], systemd, noChild)).get('nginx.service'), running)
  assert.equal(connections(), 2)
})

test('a socket at which nobody listens, as while systemd executes itself anew, is tried until the time is over', async (t) => {
  const left = join(await tempDir(t), 'left')
  const systemd = await fakeSystemd(t)
  linkSync(systemd.path, left)
  await systemd.close()
  await assert.rejects(
    readUnits(['nginx.service'], new Systemd(left), noChild, 200),
    /gave no answer at .* within 0\.2 s \(connect ECONNREFUSED/,
  )
})

test('where there is no socket of systemd, or it does not let us in, systemctl answers instead', async (t) => {
  const timer = { ...nginx, NeedDaemonReload: 'yes' }
  const print = printing([shown(running), shown(timer)].join('\n'))
  const { path } = await fakeSystemd(t, { greeting: 'REJECTED EXTERNAL' })
  for (const nowhere of [path, join(await tempDir(t), 'private')]) {
    const asked: string[][] = []
    const run = (argv: string[]) => {
      asked.push(argv)
      return print()
    }
    const units = await readUnits(['nginx.service', 'x.timer'], new Systemd(nowhere), run)
    assert.deepEqual(
      asked.map((argv) => argv.slice(-3)),
      [['--', 'nginx.service', 'x.timer']],
    )
    assert.deepEqual(units.get('nginx.service'), running)
    assert.deepEqual(units.get('x.timer'), { ...timer, Type: '' })
  }
})

test('an answer of systemctl with another number of units is refused: it could not be told whose is whose', async (t) => {
  const systemd = new Systemd(join(await tempDir(t), 'private'))
  await assert.rejects(
    readUnits(['a.service', 'b.service'], systemd, printing(shown(running))),
    /answered for 1 units of 2/,
  )
})

test('a systemctl that fails is told with what it said', async (t) => {
  const systemd = new Systemd(join(await tempDir(t), 'private'))
  await assert.rejects(
    readUnits(['a.service'], systemd, printing('Failed to connect to bus', 1)),
    /exited with 1: Failed to connect/,
  )
})
