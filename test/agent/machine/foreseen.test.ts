import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ForeseenHost } from '../../../agent/machine/foreseen.ts'
import { systemdUnit } from '../../../resources/systemd-unit.ts'
import { FakeHost } from '../../helpers/converges.ts'

const name = 'trivet-tried.service'

function planOf() {
  const real = new FakeHost()
  real.units.set(name, { LoadState: 'loaded', ActiveState: 'active', SubState: 'running', UnitFileState: 'enabled' })
  return { real, plan: new ForeseenHost(real) }
}

test('a unit file that goes is known to systemd until it reads its units anew, and from then on not', async () => {
  const { plan } = planOf()
  plan.foresee(`/etc/systemd/system/${name}`, null)
  assert.deepEqual(await plan.unit(name), { ...(await planOf().plan.unit(name)), NeedDaemonReload: 'yes' })
  await plan.pretend(async () => void (await plan.run(['systemctl', 'daemon-reload'])))
  const { LoadState, NeedDaemonReload } = await plan.unit(name)
  assert.deepEqual({ LoadState, NeedDaemonReload }, { LoadState: 'not-found', NeedDaemonReload: 'no' })
})

test('a unit that goes is foreseen to be stopped, and nothing is done', async () => {
  const { plan, real } = planOf()
  await plan.pretend(() => systemdUnit.apply(name, { ensure: 'absent' }, plan, []))
  assert.equal((await plan.unit(name)).ActiveState, 'inactive')
  assert.deepEqual(real.commands, [])
})
