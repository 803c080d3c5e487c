import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { nodeOf } from '../helpers/sources.ts'
import { catalogOfNode } from './ours.ts'

const conf = '/etc/zookeeper/conf_trivet'
const five = ['n1', 'n2', 'n3', 'n4', 'n5']
const sized = (name: string, size: number) =>
  catalogOfNode(name, {
    nodes: five.map((one) => nodeOf(one, ['zookeeper'])),
    attributes: { 'zookeeper.ensembleSize': size },
  })
const serversOf = (catalog: ReturnType<typeof catalogOfNode>) =>
  catalog.text(`file[${conf}/zoo.cfg]`).match(/^server\.\d+/gm) ?? []

test('of more nodes than the ensemble has those with the highest numbers are spare, and stand still once the others can do without', () => {
  const spare = sized('n4', 3)
  assert.deepEqual(spare.ids, [
    'pkg[zookeeper]',
    'gate[zookeeper is well without n4]',
    'service[zookeeper]',
    'probe[zookeeper stands still]',
  ])
  const { role, probe, atLeast } = spare.get('gate[zookeeper is well without n4]').props
  assert.deepEqual({ role, probe, atLeast }, { role: 'zookeeper', probe: 'probe[zookeeper]', atLeast: 3 })
  const { running, enabled } = spare.get('service[zookeeper]').props
  assert.deepEqual({ running, enabled }, { running: false, enabled: false })
  assert.deepEqual(serversOf(sized('n1', 3)), ['server.1', 'server.2', 'server.3'])
})

test('who stays forgets a server only after it has stopped', () => {
  const shrinking = sized('n1', 3)
  const gate = 'gate[zookeeper stands still on n4, n5]'
  shrinking.assertOrder('pkg[zookeeper]', gate, `file[${conf}/zoo.cfg]`, 'service[zookeeper]')
  assert.equal(shrinking.get(gate).props.atLeast, 2)
  assert.equal(shrinking.get(gate).props.probe, 'probe[zookeeper stands still]')
  const { command } = sized('n4', 3).get('probe[zookeeper stands still]').props
  assert.deepEqual(command, ['test', '!', '-e', '/run/zookeeper'])
  assert.match(shrinking.text('systemd_unit[zookeeper.service]'), /^RuntimeDirectory=zookeeper$/m)
  assert(!sized('n1', 5).ids.some((id) => id.startsWith('gate[')))
})

for (const [size, servers, max] of [
  [1, 1, 1],
  [2, 2, 2],
  [3, 3, 1],
  [4, 4, 1],
  [5, 5, 1],
] as const) {
  test(`an ensemble of ${size} restarts ${max} at a time, the leader last`, () => {
    const catalog = sized('n1', size)
    assert.equal(serversOf(catalog).length, servers)
    assert.deepEqual(catalog.get('service[zookeeper]').lease, {
      group: 'zookeeper',
      max,
      until: 'probe[zookeeper]',
      last: { tcp: { host: '127.0.0.1', port: 2181, send: 'srvr\n', expect: '^Mode: leader$' } },
    })
  })
}

/** Whether a node that has the first servers takes a zoo.cfg with the others. */
async function takes(t: TestContext, before: number[], after: number[]) {
  const folder = await mkdtemp(join(tmpdir(), 'trivet-overlap-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const write = async (name: string, servers: number[], host: string) => {
    const lines = servers.map((id) => `server.${id}=${host}:2888:3888\n`)
    await writeFile(join(folder, name), `tickTime=2000\n${lines.join('')}`)
  }
  if (before.length > 0) await write('old', before, 'a')
  await write('new', after, 'b')
  const verify = catalogOfNode('node-1').get(`file[${conf}/zoo.cfg]`).props.verify
  assert(Array.isArray(verify))
  const here = ['awk', '-v', `current=${join(folder, 'old')}`, '-f', program, join(folder, 'new')]
  assert.deepEqual(verify, ['awk', '-v', `current=${conf}/zoo.cfg`, '-f', `${conf}/overlap.awk`, '{}'])
  const { status, stderr } = spawnSync(here[0] ?? '', here.slice(1), { encoding: 'utf8' })
  if (status !== 0)
    assert.match(stderr, /^\d+ of the \d+ servers stay and \d+ come: .* Change zookeeper\.ensembleSize by one/)
  return status === 0
}
const program = new URL('../../recipes/zookeeper/overlap.awk', import.meta.url).pathname

test('a zoo.cfg is refused where two majorities, one of the old servers and one of the new, could decide apart', async (t) => {
  const [three, four, all] = [
    [1, 2, 3],
    [1, 2, 3, 4],
    [1, 2, 3, 4, 5],
  ]
  assert(await takes(t, [], all), 'a first one')
  assert(await takes(t, three, three))
  assert(await takes(t, three, four))
  assert(await takes(t, four, all))
  assert(!(await takes(t, three, all)), 'without 4 and 5 the old have a majority in 1 and 2, the new in 3, 4 and 5')
  assert(await takes(t, all, four))
  assert(await takes(t, all, three), '4 and 5 have stopped, so nobody decides without two of 1, 2 and 3')
  assert(!(await takes(t, all, [1, 2])), 'what 3, 4 and 5 decided could be lost')
  assert(await takes(t, three, [1, 3, 4]), 'a dead one replaced')
  assert(!(await takes(t, three, [1, 4, 5])))
  assert(await takes(t, [1], [1, 2]))
  assert(!(await takes(t, [1], three)))
})
