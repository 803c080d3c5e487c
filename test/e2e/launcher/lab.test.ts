import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { after, describe, test } from 'node:test'
import { detachLab } from '../../../lab/detach.ts'
import { findNspawns } from '../../../lab/processes.ts'
import { downLab, openNode } from '../../../lab/remote.ts'
import { findLabs } from '../../../lab/remove.ts'
import { whyNoLab } from '../../../lab/requirements.ts'
import { until } from '../../../lab/run.ts'
import { labDataDir, nodeDir, readState } from '../../../lab/state.ts'
import { makeLabProvider } from '../../../launcher/lab/provider.ts'
import type { Launch } from '../../../launcher/provider.ts'
import { parseClusterFile } from '../../../launcher/cluster-file.ts'
import { onNode } from '../../helpers/fleet.ts'

const cluster = 'e2e-launched'
const file = parseClusterFile(
  `cluster: ${cluster}\ngroups: { web: { count: 2, image: ami-0123456789abcdef0, instanceTypes: [t3.small] } }`,
  'c.yaml',
)
const { web } = file.groups
assert(web)
const launchOf = (node: string, attempt: string): Launch => ({
  node,
  group: 'web',
  attempt,
  placement: { instanceType: 'lab' },
  image: 'trixie',
  userData: '#!/bin/sh\ndate +%N >>/root/ran\necho seen-on-the-console >/dev/console\n',
})

/** How often user data ran, once cloud-init is done with this boot. */
const runs = async (name: string) => {
  const { node } = await openNode(name)
  await until(
    `cloud-init of ${name}`,
    async () => (await node.exec(['cloud-init', 'status'])).stdout.includes('done'),
    120_000,
  )
  return (await onNode(node, 'cat', '/root/ran')).split('\n').length
}

describe('the lab as a provider', { skip: whyNoLab() ?? false }, () => {
  const provider = makeLabProvider({ cluster, note: () => undefined })
  const find = async (node: string) => {
    const machine = (await provider.machines()).find((each) => each.node === node)
    assert(machine, `there is no ${node}`)
    return machine
  }
  after(async () => provider.remove(await provider.belongings()))

  test('there is nothing before it is prepared, which can be done again', async () => {
    assert.deepEqual(await provider.machines(), [])
    assert.deepEqual(await provider.belongings(), [])
    await assert.rejects(provider.launch(launchOf(`${cluster}-web-1`, 'a1'), web), /No process holds a detached lab/)
    await provider.prepare(file)
    await provider.prepare(file)
    assert.deepEqual(
      (await provider.belongings()).map(({ kind, id }) => [kind, id]),
      [['network', cluster]],
    )
  })

  test('a launch asked for twice is one machine, and its user data is run once', async () => {
    const name = `${cluster}-web-1`
    const ids = [await provider.launch(launchOf(name, 'a1'), web), await provider.launch(launchOf(name, 'a1'), web)]
    assert.equal(ids[0], ids[1])
    const machines = await provider.machines()
    assert.deepEqual(
      machines.map(({ id, node, group, attempt, state }) => ({ id, node, group, attempt, state })),
      [{ id: ids[0], node: name, group: 'web', attempt: 'a1', state: 'running' }],
    )
    await assert.rejects(provider.launch(launchOf(name, 'a2'), web), /has another node e2e-launched-web-1 already/)
    await until('it to be entered', async () =>
      openNode(name)
        .then(({ node }) => node.exec(['true']))
        .catch(() => false),
    )
    assert.equal(await runs(name), 1)
    assert.match(await provider.console(await find(name)), /seen-on-the-console/)
  })

  test('a machine is rebooted, stopped and started; asked again, nothing else comes of it', async () => {
    const machine = await find(`${cluster}-web-1`)
    const { node } = await openNode(machine.node)
    const first = await node.bootId()
    await provider.reboot([machine])
    await until('it to be up anew', async () => (await node.bootId().catch(() => first)) !== first)
    await provider.stop([machine])
    await provider.stop([machine])
    assert.equal((await find(machine.node)).state, 'stopped')
    assert.deepEqual(findNspawns(nodeDir(cluster, machine.node)), [])
    await provider.start([machine])
    await provider.start([machine])
    assert.equal((await find(machine.node)).state, 'running')
    await until('it to be entered', async () => node.exec(['true']).catch(() => false))
    assert.equal(await runs(machine.node), 1)
    assert.equal(findNspawns(nodeDir(cluster, machine.node)).length, 1)
    assert.doesNotMatch(await provider.console(machine), /busy/)
  })

  test('a launcher that is killed leaves machines that are found', async () => {
    const launch = launchOf(`${cluster}-web-2`, 'b1')
    const module = new URL('../../../launcher/lab/provider.ts', import.meta.url).href
    const code = `const { makeLabProvider } = await import(${JSON.stringify(module)})
      const launched = makeLabProvider({ cluster: ${JSON.stringify(cluster)}, note() {} }).launch(${JSON.stringify(launch)})
      console.log('asked')
      await launched`
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', code], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(child.stdout, 'data')
    await until('the holder of the lab to know of it', async () => (await provider.machines()).length === 2)
    child.kill('SIGKILL')
    assert.equal(await provider.launch(launch, web), (await find(launch.node)).id)
    assert.equal((await provider.machines()).length, 2)
  })

  test('a machine that is terminated is gone, and its name can be used again', async () => {
    const machine = await find(`${cluster}-web-1`)
    await provider.terminate([machine])
    await provider.terminate([machine])
    assert.deepEqual(findNspawns(nodeDir(cluster, machine.node)), [])
    assert.deepEqual(
      (await provider.machines()).map(({ node }) => node),
      [`${cluster}-web-2`],
    )
    assert.equal(await provider.console(machine), '')
    await provider.launch(launchOf(machine.node, 'a2'), web)
    assert.equal((await find(machine.node)).attempt, 'a2')
  })

  test('at last nothing is left', async () => {
    await provider.terminate(await provider.machines())
    await provider.remove(await provider.belongings())
    assert.deepEqual(await provider.belongings(), [])
    assert(!(await findLabs()).some(({ name }) => name === cluster))
    assert.deepEqual(findNspawns(labDataDir(cluster)), [])
  })

  test('a lab that is not of the launcher is left alone', async (t) => {
    const name = 'e2e-not-launched'
    await detachLab({ count: 0, os: 'trixie', name }, () => undefined)
    t.after(() => downLab(name))
    const other = makeLabProvider({ cluster: name, note: () => undefined })
    for (const ask of [() => other.machines(), () => other.prepare(file), () => other.belongings()]) {
      await assert.rejects(ask, /Lab e2e-not-launched is not one of the launcher\. Next: /)
    }
    await assert.rejects(other.launch(launchOf(`${name}-1`, 'a1'), web), /has no cloud-init/)
    assert.deepEqual((await readState(name))?.nodes, [])
  })

  test('a cluster that no lab can be called is refused', async () => {
    const other = makeLabProvider({ cluster: 'a.b', note: () => undefined })
    await assert.rejects(other.prepare(file), /A lab cannot be called a\.b\. Next: /)
  })
})
