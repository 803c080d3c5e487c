import { DescribeInstancesCommand, EC2Client } from '@aws-sdk/client-ec2'
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { whyNoLab } from '../../../lab/requirements.ts'
import type { Baking } from '../../../launcher/ec2/bake.ts'
import { launcherPolicy } from '../../../launcher/ec2/policy.ts'
import type { Ec2Provider } from '../../../launcher/ec2/provider.ts'
import { type Cloud, down, groupOf, launchOf, pair, startCloud, up } from '../../helpers/ec2-cloud.ts'
import type { Fault } from '../../helpers/ec2-proxy.ts'
import { olderImage, orphansOf } from '../../helpers/ec2-orphans.ts'

const skip = whyNoLab() ?? false
let cloud: Cloud

before(async () => {
  if (!skip) cloud = await startCloud()
})
after(() => cloud?.close())

const anHour = 3_600_000
const fails = () => Promise.reject(new Error('it does not boot'))

async function baking(
  provider: Ec2Provider,
  cluster: string,
  version: string,
  steps: Partial<Baking> = {},
): Promise<Baking> {
  const file = pair(cluster)
  await provider.prepare(file)
  const node = `${cluster}-bake-${version}`
  const launch = await launchOf(provider, file, { node, group: 'slave' }, [])
  return {
    name: 'node',
    version,
    group: groupOf(file, 'slave'),
    launch: { ...launch, attempt: version },
    expiresAt: Date.now() + anHour,
    untilReady: async () => undefined,
    trial: async () => undefined,
    keep: 1,
    ...steps,
  }
}

test(
  'an image is baked of a builder that is stopped, tried, and takes the place of the one before',
  { skip },
  async () => {
    const provider = await cloud.provider('oven')
    const said: string[] = []
    const step = (name: string) => async () => void said.push(name)
    const steps = { untilReady: step('ready'), trial: step('trial') }
    await provider.bake(await baking(provider, 'oven', 'one', steps))
    assert.deepEqual(said, ['ready', 'trial'])
    const asked = cloud.calls.findLast(({ action }) => action === 'ec2:RunInstances')?.parameters
    assert.equal(asked?.get('InstanceInitiatedShutdownBehavior'), 'terminate')
    const order = cloud.calls.map(({ action }) => action).filter((action) => /Stop|CreateImage|Terminate/.test(action))
    assert.deepEqual(order, ['ec2:StopInstances', 'ec2:CreateImage', 'ec2:TerminateInstances'])

    const second = await provider.bake(await baking(provider, 'oven', 'two'))
    const images = (await provider.belongings()).filter(({ kind }) => kind === 'image' || kind === 'snapshot')
    assert.deepEqual(images, [{ kind: 'image', id: second, name: 'two', isKept: true }])
    assert.deepEqual(await provider.machines(), [])
    await down(provider)
  },
)

test('an image that fails its trial does not stay, nor does a builder that is never ready', { skip }, async () => {
  const provider = await cloud.provider('burnt')
  for (const steps of [{ trial: fails }, { untilReady: fails }]) {
    await assert.rejects(
      provider.bake(await baking(provider, 'burnt', Object.keys(steps).join(), steps)),
      /it does not boot/,
    )
  }
  const kinds = (await provider.belongings()).map(({ kind }) => kind)
  assert.deepEqual(kinds, ['security-group', 'security-group'])
  const orphans = await provider.orphans({ kept: [], now: Date.now() + 2 * anHour, keepImages: 1 })
  assert.deepEqual(
    orphans.map(({ why }) => why),
    ['the cluster has no machine', 'the cluster has no machine'],
  )
  await down(provider)
})

test(
  'an image that was not tried to the end is taken by nobody, and goes with gc or the next bake',
  { skip },
  async () => {
    const provider = await cloud.provider('raw')
    const file = pair('raw')
    const ec2 = new EC2Client()
    const named = (name: string) => ({
      ...groupOf(file, 'slave'),
      image: { owner: 'self', name, architecture: 'x86_64' } as const,
    })
    const left = await olderImage(ec2, 'raw', { isTried: false })
    await assert.rejects(provider.image(named('raw-slave-*')), /There is no image raw-slave-/)
    const orphans = await provider.orphans({ kept: [], now: Date.now(), keepImages: 3 })
    assert.deepEqual(
      orphans.map((one) => ('belonging' in one ? [one.belonging.id, one.why] : [])),
      [[left, 'it was baked, and never tried to the end']],
    )

    const trial = () => assert.rejects(provider.image(named('fresh')), /There is no image fresh/)
    const made = await provider.bake({ ...(await baking(provider, 'raw', 'fresh', { trial })), name: 'raw-slave' })
    assert.equal(await provider.image(named('fresh')), made)
    const images = (await provider.belongings()).filter(({ kind }) => kind === 'image')
    assert.deepEqual(
      images.map(({ id }) => id),
      [made],
    )
    await down(provider)
  },
)

test('a builder of a bake that was cut off goes with the next one', { skip }, async () => {
  const provider = await cloud.provider('left')
  await provider.bake(await baking(provider, 'left', 'one'))
  const ec2 = new EC2Client()
  await orphansOf(ec2, 'left')
  await provider.bake({ ...(await baking(provider, 'left', 'two')), name: 'left-slave' })
  const Filters = [
    { Name: 'tag:trivet:cluster', Values: ['left'] },
    { Name: 'instance-state-name', Values: ['pending', 'running', 'stopping', 'stopped'] },
  ]
  assert.deepEqual((await ec2.send(new DescribeInstancesCommand({ Filters }))).Reservations, [])
  await down(provider)
})

test('orphans are found by their tags, with the reason', { skip }, async () => {
  const provider = await cloud.provider('orphans')
  const [first] = await up(provider, pair('orphans'))
  assert(first)
  const file = pair('orphans')
  const double = { ...(await launchOf(provider, file, first, [])), attempt: '2' }
  const id = await provider.launch(double, groupOf(file, first.group))
  const machines = await provider.machines()
  const book = machines.map((one) => one.id).filter((one) => one !== id)
  const look = { kept: book, now: Date.now(), keepImages: 1 }
  const [orphan, ...others] = await provider.orphans(look)
  assert.deepEqual(others, [])
  assert(orphan && 'machine' in orphan)
  assert.deepEqual([orphan.machine.id, orphan.why], [id, `another machine is ${first.node}`])

  await provider.terminate(machines)
  const left = (await provider.orphans(look)).map((one) =>
    'belonging' in one ? `${one.belonging.kind}: ${one.why}` : '',
  )
  assert.deepEqual(left.toSorted(), [
    'address: its node has no machine',
    'address: its node has no machine',
    'security-group: the cluster has no machine',
    'security-group: the cluster has no machine',
  ])
  await down(provider)
})

test('the policy allows what is called here, and little else', { skip }, async () => {
  const earlier = cloud.calls.length
  const provider = await cloud.provider('calls')
  const file = pair('calls')
  const [machine] = await up(provider, file)
  assert(machine)
  await provider.console(machine)
  await provider.stop([machine])
  await provider.start([machine])
  await provider.reboot([machine])
  const tagged = {
    ...groupOf(file, machine.group),
    tags: { team: 'others' },
    publicAddress: 'none',
    isProtected: false,
  } as const
  await provider.adjust(machine, tagged)
  await provider.bake(await baking(provider, 'calls', 'only'))
  await down(provider)
  const left = (await provider.belongings()).filter(({ isKept }) => isKept)
  await provider.remove(left)

  const allowed = launcherPolicy()
    .Statement.filter(({ Effect }) => Effect === 'Allow')
    .flatMap(({ Action }) => Action)
  const called = new Set(cloud.calls.slice(earlier).map(({ action }) => action))
  assert.deepEqual(
    [...called].filter((action) => !allowed.includes(action)),
    [],
  )
  // Of what a machine or an image leaves behind when something went wrong, of a group that is held, of parameters, and made with tags.
  const rare = [
    'ec2:DeleteVolume',
    'ec2:DeleteSnapshot',
    'ec2:DescribeNetworkInterfaces',
    'ssm:GetParameter',
    'ec2:ModifyInstanceMetadataOptions',
  ]
  assert.deepEqual([...new Set(allowed)].filter((action) => !called.has(action)).toSorted(), rare.toSorted())
})

test(
  'a builder of a bake that was cut off goes with its cluster, and addresses with the nodes that are wanted',
  { skip },
  async () => {
    const provider = await cloud.provider('cut')
    const file = pair('cut')
    await up(provider, file)
    // It is cut off once its builder runs.
    await new Promise<void>((cutOff, reject) => {
      const untilReady = () => new Promise<void>(() => cutOff())
      baking(provider, 'cut', 'one', { untilReady })
        .then((asked) => provider.bake(asked))
        .catch(reject)
    })
    // Nothing is given back that was not told before.
    const fewer = { ...file, groups: { ...file.groups, master: { ...groupOf(file, 'master'), count: 1 } } }
    const told = (await provider.differences(fewer, await provider.machines())).map(({ what, how }) => `${what} ${how}`)
    assert.match(told.join('\n'), /^cut-master-2 has the kept address [\d.]+, and is wanted no more$/)
    await provider.release(new Set(['cut-master-1', 'cut-slave-1']))
    const kinds = (await provider.belongings()).map(({ kind }) => kind)
    assert.deepEqual(kinds, ['builder', 'security-group', 'security-group', 'address'])
    await down(provider)
    assert.deepEqual(await provider.belongings(), [])
  },
)

const baked = [
  'StopInstances',
  'CreateImage',
  'ModifyImageAttribute',
  'CreateTags',
  'DeregisterImage',
  'TerminateInstances',
]
const faults: Record<string, Fault> = {
  'is cut off before it is done': 'cut before',
  'is cut off after it was done': 'cut after',
  'fails within AWS': { code: 'InternalError', status: 500 },
  'is throttled': { code: 'RequestLimitExceeded', status: 503, words: 'Request limit exceeded.' },
}
for (const [how, fault] of Object.entries(faults))
  test(`each call of a bake ${how}, once, and there is one image and no builder`, { skip }, async () => {
    const cluster = `baked-${Object.keys(faults).indexOf(how)}`
    const provider = await cloud.provider(cluster, 2000)
    await provider.bake(await baking(provider, cluster, 'one'))
    const second = await baking(provider, cluster, 'two')
    for (const action of baked) cloud.fail(action, fault)
    const id = await provider.bake(second)
    const left = (await provider.belongings()).filter(({ kind }) => kind !== 'security-group')
    assert.deepEqual(
      left.map((one) => [one.kind, one.id]),
      [['image', id]],
    )
    assert.deepEqual(cloud.unused(), [])
    await down(provider)
  })
