import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Reboots } from '../../../agent/runs/reboot.ts'
import { reboot } from '../../../resources/reboot.ts'
import { FakeHost, shown, tempDir } from '../../helpers/converges.ts'

test('a reboot that was asked for is pending until the machine is up again, and then has orders to answer', async (t) => {
  const path = join(await tempDir(t), 'reboot.json')
  let boot = 'first'
  const reboots = new Reboots(path, () => boot)
  assert.deepEqual([reboots.pending, reboots.resumed], [undefined, undefined])
  reboots.ask('kernel 6.12 is installed', ['o1'])
  assert.deepEqual([reboots.pending, reboots.resumed], ['kernel 6.12 is installed', undefined])
  boot = 'second'
  assert.deepEqual([reboots.pending, reboots.resumed], [undefined, ['o1']])
  reboots.forget()
  assert.deepEqual([reboots.pending, reboots.resumed, existsSync(path)], [undefined, undefined, false])
})

test('what is still there after three reboots in a row gets no fourth', async (t) => {
  const path = join(await tempDir(t), 'reboot.json')
  let boot = 0
  const reboots = new Reboots(path, () => String(boot))
  for (; boot < 3; boot++) reboots.ask('/run/reboot-required is there', [])
  assert.throws(() => reboots.ask('/run/reboot-required is there', []), /still asks for a reboot after 3 of them/)
  assert.equal(reboots.pending, undefined)
  assert.match(readFileSync(path, 'utf8'), /"count":3/)
})

test('reboot is wanted where its file is there, or when it is notified', async (t) => {
  const path = join(await tempDir(t), 'reboot-required')
  const host = new FakeHost()
  const want = reboot.props.parse({ exists: path })
  assert.deepEqual(await reboot.check('for updates', want, host), [])
  writeFileSync(path, '')
  assert.deepEqual(shown(await reboot.check('for updates', want, host)), [`boot: ${path} is there → rebooted`])
  await reboot.actions?.reboot?.('for updates', host, want)
  await reboot.actions?.reboot?.('by hand', host, reboot.props.parse({}))
  assert.deepEqual(host.reboots, [`${path} is there`, 'reboot[by hand] was notified'])
})
