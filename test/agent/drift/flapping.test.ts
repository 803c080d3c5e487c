import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { Drift } from '../../../agent/drift/drift.ts'
import { Flapping } from '../../../agent/drift/flapping.ts'
import { headOf } from '../../../agent/kept/kept-catalog.ts'
import { prepare } from '../../../agent/runs/prepare.ts'
import { idOf, type ResourceId } from '../../../protocol/catalog.ts'
import { service } from '../../../resources/service.ts'
import { resource, World } from '../tiny.ts'

/** Watches a service that ends by itself, and things of no unit. */
function drifting(t: TestContext, things: string[]) {
  const crashing = { ...resource('crashing'), type: 'service', props: { running: true } }
  const catalog = {
    node: 'n1',
    resources: [crashing, ...things.map((name) => resource(name))],
    policies: { main: { watch: true as const } },
  }
  const drift = new Drift({
    drifted: () => {},
    watchUnits: async () => ({ close: () => {} }),
    log: (line) => assert.fail(line),
  })
  drift.follow({ digest: '', head: headOf(catalog), prepared: prepare(catalog, { ...new World().types, service }) })
  t.after(() => drift.close())
  const repaired = (id: ResourceId) =>
    drift.isNews({ outcome: 'changed', id, recipe: 'main', durationMs: 0, changes: [] })
  return { drift, repaired, crashing: idOf(crashing) }
}

test('a unit that does not stay up is flapping after five repairs, and the reason says where to look', (t) => {
  const { drift, repaired, crashing } = drifting(t, [])
  for (let count = 0; count < 5; count++) {
    assert.equal(drift.flaps(crashing), undefined, `after ${count} repairs`)
    repaired(crashing)
  }
  assert.match(drift.flaps(crashing) ?? '', /^flapping: .*journalctl -u crashing\.service tells why.*for \d+ minutes$/)
})

test('a unit whose start fails is flapping as one that falls over later', (t) => {
  const { drift, crashing } = drifting(t, [])
  for (let count = 0; count < 5; count++)
    drift.isNews({ outcome: 'failed', id: crashing, recipe: 'main', durationMs: 0, changes: [], error: 'no' })
  assert.match(drift.flaps(crashing) ?? '', /^flapping/)
})

test('a thousand that drift at once, ten times, flap no more than one that drifts ten times', (t) => {
  const names = Array.from({ length: 1000 }, (_, index) => `t${index}`)
  const { drift, repaired } = drifting(t, names)
  const ids = names.map((name) => idOf({ type: 'thing', name }))
  for (let count = 0; count < 10; count++) for (const id of ids) repaired(id)
  assert(ids.every((id) => drift.flaps(id) === undefined))
})

test('what flaps is repaired again after a while, and what is left alone for long as before', () => {
  let now = 0
  const flapping = new Flapping(() => now)
  for (let count = 0; count < 5; count++) flapping.repaired('service[a]', 'unit')
  assert(flapping.has('service[a]'))
  now += flapping.restMs('service[a]')
  assert(!flapping.has('service[a]'))
  flapping.repaired('service[a]', 'unit')
  assert(flapping.has('service[a]'))
  now += 24 * 3_600_000
  for (let count = 0; count < 4; count++) flapping.repaired('service[a]', 'unit')
  assert(!flapping.has('service[a]'))
})
