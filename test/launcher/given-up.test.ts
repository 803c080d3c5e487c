import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chosenMachines } from '../../launcher/chosen-machines.ts'
import { seeLate } from '../../launcher/see-late.ts'
import { terminateNodes } from '../../launcher/terminate-nodes.ts'
import { api } from '../../protocol/api.ts'
import { clusterOf, on, up } from '../helpers/launch-site.ts'
import { MachineRoom } from '../helpers/machine-room.ts'
import { serve, type Served } from '../helpers/test-server.ts'

const file = clusterOf({ master: 1 })
const usable = ({ client }: Served) => client.list(api.listTokens, {})

test('the join token of a launch that is destroyed is withdrawn', async (t) => {
  const served = await serve(t)
  const room = new MachineRoom(served)
  room.boots = false
  await assert.rejects(up(served, { file, provider: room.provider, patienceMs: 50 }), /is not ready after/)
  assert.equal((await usable(served)).length, 1)
  await on(served, { file, provider: room.provider }, async (site) => {
    await terminateNodes(await chosenMachines([], site), site)
    assert.deepEqual(site.book.nodes(), [])
  })
  assert.deepEqual(await usable(served), [])
})

test('the join token of a machine that did not boot is withdrawn', async (t) => {
  const served = await serve(t)
  const room = new MachineRoom(served)
  room.boots = false
  room.console = 'trivet-boot: phase install\ntrivet-boot: failed in install with exit code 1\n'
  await assert.rejects(up(served, { file, provider: room.provider }), /was terminated/)
  assert.deepEqual(await usable(served), [])
})

test('a machine that was told another address of the server is launched anew, unless it has joined', async (t) => {
  const served = await serve(t)
  const room = new MachineRoom(served)
  const provider = room.provider
  room.boots = false
  const wrong = { file, provider, serverUrl: 'https://10.9.9.9:7600', patienceMs: 50 }
  await assert.rejects(up(served, wrong), /is not ready after/)
  room.boots = true
  const { told } = await up(served, { file, provider })
  assert(
    told.includes('c-master-1: i-1 was told to find the server at https://10.9.9.9:7600, and is launched anew'),
    told.join('\n'),
  )
  assert.deepEqual(
    room.living.map(({ id }) => id),
    ['i-2'],
  )
  assert.deepEqual(await usable(served), [])
})

test('one that has joined meanwhile stays, whatever address it was told', async (t) => {
  const served = await serve(t)
  const room = new MachineRoom(served)
  const provider = room.provider
  const cut = { ...provider, adjust: () => Promise.reject(new Error('cut off')) }
  await assert.rejects(up(served, { file, provider: cut, serverUrl: 'https://10.9.9.9:7600' }), /cut off/)
  await up(served, { file, provider })
  assert.deepEqual(
    room.living.map(({ id }) => id),
    ['i-1'],
  )
})

test('a machine that somebody ended while it booted is told, and launched anew by the next up', async (t) => {
  const served = await serve(t)
  const room = new MachineRoom(served)
  const provider = room.provider
  room.boots = false
  await assert.rejects(up(served, { file, provider, patienceMs: 50 }), /is not ready after/)
  await room.lose('c-master-1')
  room.boots = true
  const { told } = await up(served, { file, provider })
  assert(
    told.some((line) => /^c-master-1: i-1 is terminated: .* Launched anew\.$/.test(line)),
    told.join('\n'),
  )
  assert.deepEqual(
    room.living.map(({ id }) => id),
    ['i-2'],
  )
})

test('a machine that was asked for lately is looked for until it is seen, before a cluster is taken for gone', async (t) => {
  const served = await serve(t)
  const room = new MachineRoom(served)
  room.boots = false
  await assert.rejects(up(served, { file, provider: room.provider, patienceMs: 50 }), /is not ready after/)
  let looks = 0
  const late = {
    ...room.provider,
    latestMs: 60_000,
    machines: async () => (++looks > 5 ? room.provider.machines() : []),
  }
  await on(served, { file, provider: late }, async (site) => {
    await seeLate(['slave'], site)
    assert.equal(looks, 1)
    await seeLate([], site)
    assert.equal((await chosenMachines([], site)).length, 1)
  })
  const never = { ...room.provider, latestMs: 300, machines: async () => [] }
  await on(served, { file, provider: never }, (site) => seeLate(['master'], site))
})

test('an invitation takes the place of one of a launcher that was killed before it wrote that down', async (t) => {
  const served = await serve(t)
  const other = await served.joinToken({ names: 'c-master-2', cluster: 'c' })
  await on(served, { file, provider: new MachineRoom(served).provider }, async ({ server }) => {
    await server.invite('c-master-1', [])
    const { id } = await server.invite('c-master-1', [])
    const ids = (await usable(served)).map((token) => token.id)
    assert.deepEqual(new Set(ids), new Set([id, other.split('.')[0]]))
  })
})
