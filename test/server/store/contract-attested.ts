import assert from 'node:assert/strict'
import { test } from 'node:test'
import { enrolled, type Open } from './enrolled.ts'

const by = { author: 'instance i-1', at: 2000, from: '10.0.0.1' }
const instance = { id: 'i-1', account: '123456789012', region: 'eu-west-1' }
const node = { id: 'a', name: 'n1', key: 'key-1', cluster: 'blue', roles: ['base', 'web'] }

export function attestedContract(open: Open) {
  test('makes one node of an instance, with roles and cluster, and the same when asked again', async (t) => {
    const store = await open(t)
    assert.equal((await store.enrolAttested(instance, node, by)).status, 'enrolled')
    const again = await store.enrolAttested(instance, { ...node, id: 'b' }, by)
    assert(again.status === 'enrolled' && again.again)
    const [made, ...others] = (await store.readFleet()).nodes
    assert.deepEqual([made?.id, made?.cluster, made?.roles, others], ['a', 'blue', ['base', 'web'], []])
    assert.deepEqual(
      (await store.listAttested()).map((one) => [one.instance, one.node.name]),
      [[instance, 'n1']],
    )
  })

  test('refuses an instance that was used, also by a node that is revoked, and leaves an audit row', async (t) => {
    const store = await open(t)
    await store.enrolAttested(instance, node, by)
    const status = async (key: string, name = 'n2') =>
      (await store.enrolAttested(instance, { ...node, id: 'b', name, key }, by)).status
    assert.equal(await status('key-2'), 'instance-used')
    await store.revoke('a', by)
    assert.equal(await status('key-2'), 'instance-used')
    assert.equal(await status('key-1', 'n1'), 'key-revoked')
    assert.deepEqual(await store.listAttested(), [])
    const rows = await store.findAudit({ action: 'refuse-enrol', limit: 10 })
    assert.deepEqual(
      rows.map(({ subject, after }) => [subject, after]),
      [1, 2].map(() => ['n2', { instance: 'i-1', key: 'key-2', node: 'a' }]),
    )
  })

  test('gives an instance to one of many keys that ask at once', async (t) => {
    const store = await open(t)
    const all = Array.from({ length: 5 }, (_, i) =>
      store.enrolAttested(instance, { ...node, id: `${i}`, name: `n${i}`, key: `k${i}` }, by),
    )
    const states = (await Promise.all(all)).map(({ status }) => status)
    assert.deepEqual(states.toSorted(), ['enrolled', ...Array<string>(4).fill('instance-used')])
  })

  test('takes no name or key of another node for an instance', async (t) => {
    const store = await open(t)
    const [id] = await enrolled(store, 'n1')
    const [living] = (await store.readFleet()).nodes
    assert.equal(living?.id, id)
    assert.equal((await store.enrolAttested(instance, node, by)).status, 'name-taken')
    const { key } = living
    assert.equal((await store.enrolAttested(instance, { ...node, name: 'n2', key }, by)).status, 'key-taken')
    assert.equal((await store.enrolAttested(instance, { ...node, name: 'n2' }, by)).status, 'enrolled')
  })
}
