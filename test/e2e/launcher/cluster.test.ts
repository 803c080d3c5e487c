import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { z } from 'zod'
import { type Fleet, upFleet } from '../../../lab/fleet.ts'
import { downLab, openNode } from '../../../lab/remote.ts'
import { findLabs } from '../../../lab/remove.ts'
import { whyNoLab } from '../../../lab/requirements.ts'
import { builtPackages, onNode, roleOf, sourcesOf } from '../../helpers/fleet.ts'

const cluster = 'e2e-cluster-file'
const text = `cluster: ${cluster}
# This stays.
defaults: { image: ami-12345678, instanceTypes: [t3.small] }
groups:
  front: { count: 1, roles: [greeted], urls: { greeting: 'http://{address}:8080' } }
  back: { count: 1, roles: [greeted] }
`
const Shown = z.object({
  nodes: z.array(
    z.object({ node: z.string(), state: z.string(), stands: z.string(), privateAddress: z.string().optional() }),
  ),
  urls: z.array(z.object({ name: z.string(), url: z.string() })),
})

const greeting = async (name: string) => onNode((await openNode(name)).node, 'cat', '/etc/greeting')

describe('a cluster file on this machine', { skip: whyNoLab() ?? false }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'trivet-launch-'))
  const file = join(folder, 'cluster.yaml')
  const { recipes, roles } = sourcesOf(roleOf('greeted', `file('/etc/greeting', { content: 'hello\\n' })`))
  let fleet: Fleet
  const launch = (verb: string, ...words: string[]) =>
    fleet.mustTrivet('launch', verb, file, ...words, '--provider', 'lab')
  const shown = async () => Shown.parse(JSON.parse(await launch('status', '--json')))
  const standing = async () => (await shown()).nodes.map(({ node, state, stands }) => [node, state, stands])

  before(async () => {
    writeFileSync(file, text)
    fleet = await upFleet({
      count: 0,
      name: 'e2e-launch',
      recipes,
      roles,
      serverFlags: ['--agents', await builtPackages()],
    })
  })
  after(async () => {
    if ((await findLabs()).some(({ name }) => name === cluster)) await downLab(cluster)
    await fleet.down()
    rmSync(folder, { recursive: true })
  })

  test('plan tells what up would do, and up asks before it does it', async () => {
    assert.match(await launch('plan'), new RegExp(`^\\+ ${cluster}-front-1: lab, roles greeted$`, 'm'))
    const { exitCode, stderr } = await fleet.trivet('launch', 'up', file, '--provider', 'lab')
    assert.equal(exitCode, 1)
    assert.match(stderr, /nothing was done: there is no terminal to ask on. Next: --yes/)
    assert.deepEqual(await standing(), [])
  })

  test('up makes real nodes that have joined and converged, and then has nothing to do', async () => {
    await launch('up', '--yes')
    assert.deepEqual(await standing(), [
      [`${cluster}-front-1`, 'running', 'ready'],
      [`${cluster}-back-1`, 'running', 'ready'],
    ])
    assert.equal(await greeting(`${cluster}-front-1`), 'hello')
    assert.deepEqual(JSON.parse(await launch('up', '--json')), { cluster, changes: [] })
    const { urls, nodes } = await shown()
    assert.deepEqual(
      urls.map(({ url }) => url),
      [`http://${nodes[0]?.privateAddress}:8080`],
    )
  })

  test('one more is written into the file, which keeps its comments, and made', async () => {
    await launch('scale', 'back', '+1', '--yes')
    assert.equal(readFileSync(file, 'utf8'), text.replace('back: { count: 1', 'back: { count: 2'))
    assert.equal(await greeting(`${cluster}-back-2`), 'hello')
  })

  test('stop, start and reboot come back with nodes that are connected and converged', async () => {
    await launch('stop', 'back')
    assert.deepEqual(
      (await standing()).map(([, state]) => state),
      ['running', 'stopped', 'stopped'],
    )
    await launch('start')
    await launch('reboot', 'back', '--batch', '2')
    assert.deepEqual(
      (await standing()).map(([, state, stands]) => `${state} ${stands}`),
      Array(3).fill('running ready'),
    )
  })

  test('the console of a node is to be read, and others can read where the nodes are', async () => {
    assert.match(await launch('console', `${cluster}-front-1`), /trivet-boot: phase joined/)
    assert.match(await launch('inventory', '--format', 'ssh'), new RegExp(`^Host ${cluster}-back-2$`, 'm'))
  })

  test('destroy leaves nothing, and the nodes are archived', async () => {
    await launch('destroy', '--yes')
    assert(!(await findLabs()).some(({ name }) => name === cluster))
    assert.deepEqual(JSON.parse(await fleet.mustTrivet('node', 'list', '--json')), [])
    const archived: { name: string }[] = JSON.parse(await fleet.mustTrivet('node', 'archived', '--json'))
    assert.deepEqual(
      archived.map(({ name }) => name),
      [`${cluster}-back-1`, `${cluster}-back-2`, `${cluster}-front-1`],
    )
  })
})
