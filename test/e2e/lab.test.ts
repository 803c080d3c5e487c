import assert from 'node:assert/strict'
import { closeSync, existsSync, openSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { removePartial } from '../../lab/base.ts'
import { detachLab } from '../../lab/detach.ts'
import { upLab } from '../../lab/lab.ts'
import type { LabNode } from '../../lab/node.ts'
import { findMounts } from '../../lab/mounts.ts'
import { findLeader, findNspawns } from '../../lab/processes.ts'
import { downLab, openNode } from '../../lab/remote.ts'
import { findLabs } from '../../lab/remove.ts'
import { whyNoLab } from '../../lab/requirements.ts'
import { must, until } from '../../lab/run.ts'
import { labDataDir, labRunDir, readState, type LabState } from '../../lab/state.ts'

const skip = whyNoLab() ?? false
const quiet = () => undefined

async function ok(node: LabNode, ...argv: string[]) {
  const { exitCode, stdout, stderr } = await node.exec(argv)
  assert.equal(exitCode, 0, `${argv.join(' ')} on ${node.name}: ${stderr || stdout}`)
  return stdout.trim()
}

async function stateOf(lab: string): Promise<LabState> {
  const state = await readState(lab)
  assert.ok(state)
  return state
}

/** All that is left of a lab on this machine, by name. */
async function findTraces({ name, subnet, nodes }: LabState): Promise<string[]> {
  const paths = [
    labRunDir(name),
    labDataDir(name),
    `/sys/class/net/tvlab${subnet}`,
    ...['systemd', 'unified', '.'].map((hierarchy) => `/sys/fs/cgroup/${hierarchy}/trivet-lab/${name}`),
    ...nodes.map(({ machine }) => `/run/systemd/nspawn/propagate/${machine}`),
    ...nodes.map(({ machine }) => `/sys/class/net/vb-${machine}`),
  ]
  const tables = await must(['nft', 'list', 'tables'])
  return [
    ...paths.filter((path) => existsSync(path)),
    ...findMounts(labDataDir(name)),
    ...findNspawns(labDataDir(name)).map((pid) => `process ${pid}`),
    ...tables.split('\n').filter((line) => line.endsWith(` trivet_lab_${subnet}`)),
  ]
}

/** The kernel keeps a network that anybody holds, and both ends of its cables. */
function holdNetwork(t: TestContext, lab: string, { name }: LabNode) {
  const leader = findNspawns(join(labDataDir(lab), name))
    .map(findLeader)
    .find(Boolean)
  const held = openSync(`/proc/${leader}/ns/net`, 'r')
  t.after(() => closeSync(held))
}

test('two nodes: commands, network, packages, reboot, cut, freeze, kill; and nothing is left', { skip }, async (t) => {
  const shared = await mkdtemp(join(tmpdir(), 'trivet-lab-'))
  t.after(() => rm(shared, { recursive: true }))
  await writeFile(join(shared, 'hello'), 'from the host')
  const lab = await upLab({ count: 2, name: 'e2e-lab', binds: [{ from: shared, to: '/mnt/shared' }] })
  t.after(() => lab.down())
  const [one, two] = lab.nodes
  assert.ok(one && two)

  await t.test('exec gives output and exit code, passes input, and ends what takes too long', async () => {
    assert.equal(await ok(one, 'hostname'), 'e2e-lab-1')
    assert.deepEqual(await two.exec(['sh', '-c', 'cat; echo bad >&2; exit 3'], { input: 'in' }), {
      exitCode: 3,
      stdout: 'in',
      stderr: 'bad\n',
    })
    await assert.rejects(one.exec(['sleep', '600'], { timeoutMs: 200 }), /took longer than 200 ms/)
    await until('sleep to be gone', async () => (await one.exec(['pgrep', '-x', 'sleep'])).exitCode !== 0, 2_000)
  })

  await t.test('files go in, and the host shows its own read-only', async () => {
    await one.write('/var/run/deep/file', 'content', '0600')
    assert.equal(await ok(one, 'stat', '--format=%a %s', '/run/deep/file'), '600 7')
    assert.ok(!existsSync('/run/deep/file'))
    assert.equal(await ok(one, 'cat', '/mnt/shared/hello'), 'from the host')
    assert.notEqual((await one.exec(['touch', '/mnt/shared/more'])).exitCode, 0)
  })

  await t.test('nodes reach each other and the host', async () => {
    await ok(one, 'ping', '-c1', '-W2', two.address)
    await ok(two, 'ping', '-c1', '-W2', one.address)
    await ok(one, 'ping', '-c1', '-W2', lab.gateway)
  })

  await t.test('the second node has its packages from the cache', async () => {
    for (const node of [one, two]) {
      await ok(node, 'apt-get', 'update')
      const before = lab.aptCache.misses
      await ok(node, 'apt-get', 'install', '--yes', 'tree')
      if (node === two) assert.equal(lab.aptCache.misses, before)
      assert.match(await ok(node, 'tree', '--version'), /tree v/)
    }
  })

  await t.test('each node has its services for itself', async () => {
    for (const node of [one, two]) await ok(node, 'systemd-run', '--unit=same', 'sleep', 'infinity')
    await ok(one, 'systemctl', 'stop', 'same')
    assert.equal(await ok(two, 'systemctl', 'is-active', 'same'), 'active')
  })

  await t.test('a reboot gives a new boot, with the files of before', async () => {
    await one.write('/etc/kept', 'still here')
    const before = await one.bootId()
    await one.reboot()
    assert.notEqual(await one.bootId(), before)
    assert.equal(await ok(one, 'cat', '/etc/kept'), 'still here')
    await ok(one, 'ping', '-c1', '-W2', two.address)
  })

  await t.test('a cut node is alone, after a reboot too, until it is healed', async () => {
    const ping = async () => (await two.exec(['ping', '-c1', '-W1', one.address])).exitCode === 0
    await one.cut()
    assert.equal(await ping(), false)
    await one.reboot()
    assert.equal(await ping(), false)
    await one.heal()
    await until('the healed node to answer', ping, 5_000)
  })

  await t.test('a frozen node does nothing until it is thawed', async () => {
    await ok(one, 'systemd-run', '--unit=ticker', 'sh', '-c', 'while :; do date +%N > /run/tick; done')
    await until('the first tick', async () => (await one.exec(['test', '-s', '/run/tick'])).exitCode === 0)
    await one.freeze()
    const frozen = await one.exec(['cat', '/run/tick'])
    assert.deepEqual(await one.exec(['cat', '/run/tick']), frozen)
    await one.thaw()
    await until('it to tick again', async () => (await one.exec(['cat', '/run/tick'])).stdout !== frozen.stdout)
    await ok(one, 'systemctl', 'stop', 'ticker')
  })

  await t.test('a killed node is off until it is started', async () => {
    await two.kill()
    await assert.rejects(two.exec(['true']), /e2e-lab-2 is not running/)
    await two.start()
    await ok(two, 'ping', '-c1', '-W2', one.address)
  })

  await t.test('what is left of a dead node holds up neither its next boot nor the removal of its lab', async () => {
    holdNetwork(t, lab.name, two)
    await two.kill()
    await two.start()
    await ok(two, 'ping', '-c1', '-W2', one.address)
    holdNetwork(t, lab.name, two)
  })

  await t.test('a node can be added', async () => {
    const three = await lab.addNode()
    assert.equal(await ok(three, 'hostname'), 'e2e-lab-3')
    await ok(three, 'ping', '-c1', '-W2', one.address)
  })

  const last = await stateOf(lab.name)
  await lab.down()
  assert.deepEqual(await findTraces(last), [])
})

test('two labs stand side by side, made at the same time, and one goes without the other', { skip }, async (t) => {
  const labs = await Promise.all([
    upLab({ count: 1, name: 'e2e-a' }),
    upLab({ count: 1, name: 'e2e-b', os: 'bookworm' }),
  ])
  t.after(() => Promise.all(labs.map((lab) => lab.down())))
  const [a, b] = labs
  const gone = await stateOf(a.name)
  assert.notEqual(a.gateway, b.gateway)
  await assert.rejects(upLab({ count: 1, name: 'e2e-a' }), /There is a lab named e2e-a already/)

  await a.down()

  assert.deepEqual(await findTraces(gone), [])
  const [node] = b.nodes
  assert.ok(node)
  assert.match(await ok(node, 'cat', '/etc/os-release'), /bookworm/)
  await ok(node, 'ping', '-c1', '-W2', b.gateway)
})

test('a detached lab lives on, can be used by others, and ends when told', { skip }, async () => {
  const state = await detachLab({ count: 1, os: 'trixie', name: 'e2e-detached' }, quiet)
  assert.ok((await findLabs()).some(({ name }) => name === state.name))
  const { node } = await openNode('e2e-detached-1')
  const before = await node.bootId()
  await node.reboot()
  assert.notEqual(await node.bootId(), before)

  await downLab(state.name)

  assert.deepEqual(await findTraces(state), [])
})

test('kill -9 of the process that holds a lab leaves nothing, even of a frozen node', { skip }, async () => {
  const state = await detachLab({ count: 1, os: 'trixie', name: 'e2e-killed' }, quiet)
  await (await openNode('e2e-killed-1')).node.freeze()

  process.kill(state.owner.pid, 'SIGKILL')

  await until('the lab to be removed', async () => (await findTraces(state)).length === 0, 10_000)
})

test('when the reaper is killed too, the next who asks for labs clears up', { skip }, async () => {
  const state = await detachLab({ count: 1, os: 'trixie', name: 'e2e-orphan' }, quiet)
  assert.ok(state.reaper)
  process.kill(state.reaper.pid, 'SIGKILL')
  process.kill(state.owner.pid, 'SIGKILL')
  await until('its owner to be gone', async () => !existsSync(`/proc/${state.owner.pid}`))
  assert.notDeepEqual(await findTraces(state), [])

  await findLabs()

  assert.deepEqual(await findTraces(state), [])
})

test('what a killed build of a base left goes, with the file systems mounted in there', { skip }, async (t) => {
  const partial = await mkdtemp(join(tmpdir(), 'trivet-partial-'))
  t.after(() => rm(partial, { recursive: true, force: true }))
  for (const dir of ['dev', 'dev/shm']) {
    await mkdir(join(partial, dir), { recursive: true })
    await must(['mount', '-t', 'tmpfs', 'tmpfs', join(partial, dir)])
  }

  await removePartial(partial)

  assert.deepEqual(findMounts(partial), [])
  assert.ok(!existsSync(partial))
})
