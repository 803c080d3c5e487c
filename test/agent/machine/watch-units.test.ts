import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { objectOf, Systemd } from '../../../agent/machine/dbus/systemd.ts'
import { watchUnits } from '../../../agent/machine/watch-units.ts'
import { until } from '../../../lab/run.ts'
import { fakeSystemd } from '../fake-systemd.ts'

const names = ['web.service', 'alias.service', 'db.service']
const objects = { web: objectOf('web.service'), db: objectOf('db.service') }

/** Of three units, where alias.service is another name of web.service. */
async function watched(t: TestContext) {
  const systemd = await fakeSystemd(t, {
    answer: (_property, object) => (object === objects.db ? 'db.service' : 'web.service'),
  })
  const told: string[] = []
  const watch = await watchUnits(names, (name) => told.push(name), new Systemd(systemd.path))
  t.after(() => watch.close())
  const tells = async (...wanted: string[]) => {
    await until(
      () => `${wanted.join(', ')}; told was ${told.join(', ')}`,
      async () => told.length >= wanted.length,
      5000,
    )
    assert.deepEqual(told.splice(0), wanted)
  }
  return { ...systemd, watch, told, tells }
}

test('a change is told by all names of the unit, once however many signals say so', async (t) => {
  const { signal, tells } = await watched(t)
  signal('PropertiesChanged', ['org.freedesktop.systemd1.Service'], objects.web)
  signal('PropertiesChanged', ['org.freedesktop.systemd1.Unit'], objects.web)
  await tells('web.service', 'alias.service')
  signal('PropertiesChanged', ['org.freedesktop.systemd1.Unit'], objectOf('other.service'))
  signal('PropertiesChanged', ['org.freedesktop.systemd1.Unit'], objects.db)
  await tells('db.service')
})

test('a new unit is told, unless it was only loaded to be looked at', async (t) => {
  const { signal, tells } = await watched(t)
  signal('UnitNew', ['web.service', objects.web])
  signal('UnitRemoved', ['web.service', objects.web])
  signal('UnitNew', ['db.service', objects.db])
  await tells('db.service')
})

test('after a reload, changed unit files or a lost connection, all are told once', async (t) => {
  const { signal, tells, drop, connections } = await watched(t)
  signal('Reloading', [true])
  signal('UnitNew', ['db.service', objects.db])
  signal('Reloading', [false])
  await tells(...names)
  signal('UnitFilesChanged', [])
  await tells(...names)
  drop()
  await tells(...names)
  assert.equal(connections(), 2)
  signal('PropertiesChanged', ['org.freedesktop.systemd1.Unit'], objects.db)
  await tells('db.service')
})

test('a closed watch tells nothing any more', async (t) => {
  const { signal, watch, told, path } = await watched(t)
  const other: string[] = []
  const later = await watchUnits(names, (name) => other.push(name), new Systemd(path))
  t.after(() => later.close())
  watch.close()
  signal('PropertiesChanged', ['org.freedesktop.systemd1.Unit'], objects.db)
  await until('the other watch to be told', async () => other.length > 0)
  assert.deepEqual(told, [])
})
