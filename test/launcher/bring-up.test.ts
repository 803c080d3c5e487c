import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { chosenMachines } from '../../launcher/chosen-machines.ts'
import { rebootNodes, startNodes, stopNodes } from '../../launcher/power.ts'
import type { Provider } from '../../launcher/provider.ts'
import { terminateNodes } from '../../launcher/terminate-nodes.ts'
import { api } from '../../protocol/api.ts'
import { clusterOf, on, openSite, up } from '../helpers/launch-site.ts'
import { MachineRoom } from '../helpers/machine-room.ts'
import { serve } from '../helpers/test-server.ts'
import { until } from '../helpers/until.ts'

async function makeRoom(t: TestContext) {
  const served = await serve(t)
  return { served, room: new MachineRoom(served) }
}

test('up makes each node once, waits until it has converged, and then has nothing to do', async (t) => {
  const { served, room } = await makeRoom(t)
  const asked = { file: clusterOf({ master: 2, slave: 1 }), provider: room.provider }
  assert.deepEqual((await up(served, asked)).result, ['create c-master-1', 'create c-master-2', 'create c-slave-1'])
  const nodes = await served.client.list(api.listNodes, {})
  assert.deepEqual(
    nodes.map(({ name, state, cluster, roles }) => [name, state, cluster, roles]),
    ['c-master-1', 'c-master-2', 'c-slave-1'].map((name) => [name, 'unchanged', 'c', ['word']]),
  )
  assert.deepEqual((await up(served, asked)).result, [])
  assert.equal(room.all.length, 3)
})

test('where there is no room the next placement is tried, and the token of the first is not used for it', async (t) => {
  const { served, room } = await makeRoom(t)
  room.room = ({ instanceType }) => instanceType === 't3a.small'
  const { told } = await up(served, { file: clusterOf({ master: 1 }), provider: room.provider })
  assert.equal(room.living[0]?.instanceType, 't3a.small')
  assert(told.includes('c-master-1: no room for t3.small in a'), told.join('\n'))
})

test('each node of a group knows where those before it will be, and a spread group is never all in one zone', async (t) => {
  const { served, room } = await makeRoom(t)
  const file = clusterOf({ master: 2 }, ', spread: true, zones: [eu-west-1a, eu-west-1b]')
  const taken: number[] = []
  const provider: Provider = {
    ...room.provider,
    placements: async (name, group, machines) => {
      taken.push(machines.length)
      return room.provider.placements(name, group, machines)
    },
  }
  room.room = ({ zone }) => zone === 'eu-west-1b'
  await assert.rejects(up(served, { file, provider }), /all of master would be in eu-west-1b/)
  // The first asks for the rehearsal.
  assert.deepEqual(taken, [0, 0, 1])
  assert.equal(room.living.length, 1)
})

test('where there is no room anywhere it says so of each placement, and the others are made', async (t) => {
  const { served, room } = await makeRoom(t)
  const provider = {
    ...room.provider,
    launch: (async (launch, group) => {
      room.room = () => launch.group !== 'slave'
      return room.provider.launch(launch, group)
    }) satisfies Provider['launch'],
  }
  await assert.rejects(up(served, { file: clusterOf({ master: 1, slave: 1 }), provider }), {
    name: 'CommandError',
    message: /c-slave-1: there is no room for it in any of 2 placements:\nno room for t3.small in a\nno room for t3a/,
  })
  assert.deepEqual(
    room.living.map(({ node }) => node),
    ['c-master-1'],
  )
})

test('a machine that is lost is made anew under its name, and the old node can join no more', async (t) => {
  const { served, room } = await makeRoom(t)
  const asked = { file: clusterOf({ master: 1 }), provider: room.provider }
  await up(served, asked)
  const before = await served.client.call(api.readNode, { node: 'c-master-1' })
  await room.lose('c-master-1')
  assert.deepEqual((await up(served, asked)).result, ['create c-master-1'])
  const after = await served.client.call(api.readNode, { node: 'c-master-1' })
  assert.notEqual(after.id, before.id)
  assert.equal(after.state, 'unchanged')
})

test('a boot that fails is told with its phase and console, and its machine is terminated unless it is to be kept', async (t) => {
  const { served, room } = await makeRoom(t)
  room.boots = false
  room.console =
    'Linux\ntrivet-boot: phase install\ntrivet-boot: failed in install with exit code 1\ntrivet-boot: | no route\n'
  const asked = { file: clusterOf({ master: 1 }), provider: room.provider }
  await assert.rejects(
    up(served, { ...asked, keepOnFailure: true }),
    /failed in phase install[^]*no route[^]*i-1 is kept/,
  )
  assert.equal(room.living.length, 1)
  await assert.rejects(up(served, asked), /i-1 was terminated/)
  assert.equal(room.living.length, 0)
})

test('roles that the server has not are refused before anything is made', async (t) => {
  const { served, room } = await makeRoom(t)
  const file = clusterOf({ master: 1 }).replace('[word]', '[nonsense]')
  await assert.rejects(up(served, { file, provider: room.provider }), /groups\.master\.roles: .*no role nonsense/)
  assert.equal(room.all.length, 0)
})

test('a count that shrinks ends the nodes of the highest numbers, and archives them', async (t) => {
  const { served, room } = await makeRoom(t)
  await up(served, { file: clusterOf({ slave: 3 }), provider: room.provider })
  const { result } = await up(served, { file: clusterOf({ slave: 1 }), provider: room.provider })
  assert.deepEqual(result, ['destroy c-slave-2', 'destroy c-slave-3'])
  assert.deepEqual(
    (await served.client.list(api.listArchivedNodes, {})).map(({ name }) => name),
    ['c-slave-2', 'c-slave-3'],
  )
  await up(served, { file: clusterOf({ slave: 2 }), provider: room.provider })
  assert.deepEqual(
    (await served.client.list(api.listNodes, {})).map(({ name }) => name),
    ['c-slave-1', 'c-slave-2'],
  )
})

test('stop goes from the last group, start from the first, and both wait', async (t) => {
  const { served, room } = await makeRoom(t)
  const asked = { file: clusterOf({ master: 1, slave: 1 }), provider: room.provider }
  await up(served, asked)
  const stopped = await on(served, asked, async (site) => stopNodes(await chosenMachines([], site), site))
  assert.deepEqual(
    stopped.told.filter((line) => line.endsWith('stands still')),
    ['c-slave-1: stands still', 'c-master-1: stands still'],
  )
  const started = await on(served, asked, async (site) => startNodes(await chosenMachines([], site), site))
  assert.deepEqual(
    started.told.filter((line) => line.endsWith('is ready')),
    ['c-master-1: is ready', 'c-slave-1: is ready'],
  )
})

test('a reboot waits until the node has connected anew, some at a time', async (t) => {
  const { served, room } = await makeRoom(t)
  const asked = { file: clusterOf({ slave: 3 }), provider: room.provider }
  await up(served, asked)
  const connections = async () =>
    (await served.client.list(api.listNodes, {})).map(({ connectedAt }) => connectedAt ?? assert.fail('not connected'))
  const before = await connections()
  const { told } = await on(served, asked, async (site) => rebootNodes(await chosenMachines([], site), 2, site))
  assert.deepEqual(
    told.filter((line) => line.endsWith('rebooted')).map((line) => line.split(':')[0]),
    ['c-slave-1', 'c-slave-2', 'c-slave-3'],
  )
  for (const [index, at] of (await connections()).entries()) assert(at > (before[index] ?? at))
})

test('a reboot terminates nothing, whatever an earlier boot left on the console', async (t) => {
  const { served, room } = await makeRoom(t)
  const asked = { file: clusterOf({ slave: 1 }), provider: room.provider }
  await up(served, asked)
  room.console = 'trivet-boot: phase join\ntrivet-boot: failed in join with exit code 1\n'
  await on(served, asked, async (site) => rebootNodes(await chosenMachines([], site), 1, site))
  assert.equal(room.living.length, 1)
})

test('start of what runs already has nothing to wait for', async (t) => {
  const { served, room } = await makeRoom(t)
  const asked = { file: clusterOf({ slave: 1 }), provider: room.provider }
  await up(served, asked)
  await on(served, { ...asked, patienceMs: 3000 }, async (site) => startNodes(await chosenMachines([], site), site))
})

test('what was launched and is gone without a trace is launched anew, once a cloud would have shown it', async (t) => {
  const { served, room } = await makeRoom(t)
  room.boots = false
  const asked = { file: clusterOf({ slave: 1 }), provider: room.provider, patienceMs: 300 }
  await assert.rejects(up(served, asked), /c-slave-1 is not ready after/)
  room.all.length = 0
  await assert.rejects(up(served, asked), /i-1 is not seen yet/)
  room.boots = true
  const later = { ...asked, patienceMs: 20_000, now: () => Date.now() + 11 * 60_000 }
  await up(served, later)
  assert.equal(room.living.length, 1)
})

test('a launch that somebody stopped meanwhile is started and gone on with', async (t) => {
  const { served, room } = await makeRoom(t)
  room.boots = false
  const asked = { file: clusterOf({ slave: 1 }), provider: room.provider, patienceMs: 300 }
  await assert.rejects(up(served, asked), /c-slave-1 is not ready after/)
  await room.provider.stop(room.living)
  await assert.rejects(up(served, asked), /c-slave-1 is not ready after/)
  assert.deepEqual(
    room.living.map(({ state }) => state),
    ['running'],
  )
})

test('nodes whose machines are gone and that nobody archived leave the fleet', async (t) => {
  const { served, room } = await makeRoom(t)
  await up(served, { file: clusterOf({ slave: 2 }), provider: room.provider })
  await room.lose('c-slave-2')
  await up(served, { file: clusterOf({ slave: 1 }), provider: room.provider })
  assert.deepEqual(
    (await served.client.list(api.listNodes, {})).map(({ name }) => name),
    ['c-slave-1'],
  )
})

test('up is not done while a node that was there before is not as it should be', async (t) => {
  const { served, room } = await makeRoom(t)
  const asked = { file: clusterOf({ slave: 1 }), provider: room.provider, patienceMs: 300 }
  await up(served, { ...asked, patienceMs: 20_000 })
  await room.provider.stop(room.living)
  for (const machine of room.all) machine.state = 'running'
  await assert.rejects(up(served, asked), /c-slave-1 is not ready after/)
})

test('machines can be ended without the server, which is told', async (t) => {
  const { served, room } = await makeRoom(t)
  const asked = { file: clusterOf({ slave: 1 }), provider: room.provider }
  await up(served, asked)
  await served.close()
  const said: string[] = []
  await on(served, asked, async (site) => {
    site.server.doWithout((text) => said.push(text), 'nodes stay in its fleet until trivet node archive')
    await terminateNodes(await chosenMachines([], site), site)
  })
  assert.equal(room.living.length, 0)
  assert.match(
    said.join('\n'),
    /^Cannot reach .* It is done without: nodes stay in its fleet until trivet node archive\.$/,
  )
})

test('protected machines are named, and nothing is terminated without force', async (t) => {
  const { served, room } = await makeRoom(t)
  const asked = { file: clusterOf({ slave: 2 }), provider: room.provider }
  await up(served, asked)
  const id = room.living.find(({ node }) => node === 'c-slave-2')?.id ?? assert.fail()
  room.protected.add(id)
  const end = (force: boolean) =>
    on(served, asked, async (site) => terminateNodes(await chosenMachines([], site), site, { force }))
  await assert.rejects(end(false), new RegExp(`protected against being terminated: c-slave-2 \\(${id}\\)`))
  assert.equal(room.living.length, 2)
  await end(true)
  assert.equal(room.living.length, 0)
})

test('a name that a connected node has which is no machine of ours is not taken from it', async (t) => {
  const { served, room } = await makeRoom(t)
  const file = clusterOf({ master: 1 })
  await up(served, { file, provider: room.provider })
  const other = new MachineRoom(served)
  await assert.rejects(up(served, { file, provider: other.provider }), /c-master-1: a node of that name is connected/)
  assert.equal(other.all.length, 0)
})

test('two launchers of one cluster at once: the second is told', async (t) => {
  const { served, room } = await makeRoom(t)
  const asked = { file: clusterOf({ master: 1 }), provider: room.provider }
  await on(served, asked, async () => {
    await assert.rejects(openSite(served, asked), /another trivet launch works on cluster c/)
  })
})

test('a node that somebody archived while its machine runs is taken back', async (t) => {
  const { served, room } = await makeRoom(t)
  const asked = { file: clusterOf({ slave: 1 }), provider: room.provider }
  await up(served, asked)
  await served.client.call(api.archiveNode, { node: 'c-slave-1' })
  const again = up(served, asked)
  await until('the node to be in the fleet', async () => (await served.client.list(api.listNodes, {})).length > 0)
  await room.provider.reboot(room.living)
  assert.deepEqual((await again).result, ['restore c-slave-1'])
  assert.equal(room.all.length, 1)
})
