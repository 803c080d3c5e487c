import {
  DescribeAddressesCommand,
  DescribeInstanceAttributeCommand,
  DescribeInstancesCommand,
  DescribeSecurityGroupsCommand,
  DescribeVolumesCommand,
  EC2Client,
} from '@aws-sdk/client-ec2'
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { after, before, describe, test } from 'node:test'
import { readLogin } from '../../../cli/login-file.ts'
import { type Fleet, upFleet } from '../../../lab/fleet.ts'
import { openNode } from '../../../lab/remote.ts'
import { whyNoLab } from '../../../lab/requirements.ts'
import { launchCommands } from '../../../launcher/commands/index.ts'
import { type Ec2Server, startEc2Server } from '../../helpers/ec2-server.ts'
import { builtPackages, onNode, roleOf, sourcesOf } from '../../helpers/fleet.ts'
import { trivet } from '../../helpers/trivet.ts'

const text = `cluster: whole
defaults:
  image: { owner: '099720109477', name: 'ubuntu/images/hvm-ssd/ubuntu-xenial-*' }
  instanceTypes: [t3.small, t3a.small]
  volumes: [{ device: root, sizeGiB: 20 }]
groups:
  master:
    count: 3
    roles: [lead]
    spread: true
    publicAddress: kept
    securityRules: [{ ports: [1024, 65535], from: { group: slave } }]
  slave:
    count: 2
    roles: [follow]
    securityRules: [{ ports: [1024, 65535], from: { group: master } }]
`
const { recipes, roles } = sourcesOf({
  ...roleOf(
    'lead',
    `file('/etc/leads', { content: cluster.withRole('lead', { atLeast: 3 }).map(({ name }) => name).join('\\n') })`,
  ),
  ...roleOf(
    'follow',
    `file('/etc/leads', { content: cluster.withRole('lead', { atLeast: 3 }).map(({ name }) => name).join('\\n') })`,
  ),
})

/** What EC2 itself is not there for: boots what the API has been asked for, by its user data, and turns off what it has been asked to end. */
class Hardware {
  readonly #ec2: EC2Client
  readonly #fleet: Fleet
  readonly #on = new Map<string, string>()
  readonly #ended = new AbortController()
  readonly #work: Promise<void>

  constructor(ec2: EC2Client, fleet: Fleet) {
    this.#ec2 = ec2
    this.#fleet = fleet
    this.#work = this.#follow()
  }

  async end() {
    this.#ended.abort()
    await this.#work
  }

  async #follow() {
    while (!this.#ended.signal.aborted) {
      const { Reservations = [] } = await this.#ec2.send(new DescribeInstancesCommand({}))
      for (const { InstanceId: id = '', State, Tags = [] } of Reservations.flatMap(({ Instances = [] }) => Instances)) {
        const name = Tags.find(({ Key }) => Key === 'trivet:node')?.Value ?? ''
        if (State?.Name === 'running' && !this.#on.has(id)) await this.#boot(id, name)
        if (State?.Name === 'terminated' && this.#on.delete(id)) await this.#fleet.lab.removeNode(name)
      }
      await delay(500)
    }
  }

  async #boot(id: string, name: string) {
    this.#on.set(id, name)
    const asked = new DescribeInstanceAttributeCommand({ InstanceId: id, Attribute: 'userData' })
    const { UserData } = await this.#ec2.send(asked)
    const userData = Buffer.from(UserData?.Value ?? '', 'base64').toString()
    await this.#fleet.lab.launchNode({ name, labels: {}, instance: id, userData })
  }
}

describe('from a cluster file to nodes and back, by the API of EC2', { skip: whyNoLab() ?? false }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'trivet-launch-'))
  const file = join(folder, 'cluster.yaml')
  let server: Ec2Server
  let fleet: Fleet
  let ec2: EC2Client
  let hardware: Hardware

  const launch = async (...words: string[]) => {
    const login = await readLogin(fleet.config)
    const { exitCode, stdout, stderr } = await trivet(['launch', ...words], {
      home: folder,
      login,
      commands: launchCommands,
    })
    assert.equal(exitCode, 0, stderr)
    return stdout
  }
  const nodes = async () => {
    const listed: { name: string; state: string; connected: boolean }[] = JSON.parse(
      await fleet.mustTrivet('node', 'list', '--json'),
    )
    return listed.map(({ name, state, connected }) => [name, state, connected])
  }

  before(async () => {
    writeFileSync(file, text)
    server = await startEc2Server()
    const aws = {
      AWS_ENDPOINT_URL: server.url,
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_REGION: 'eu-west-1',
    }
    Object.assign(process.env, aws)
    ec2 = new EC2Client()
    fleet = await upFleet({
      count: 0,
      name: 'e2e-whole',
      packages: ['cloud-init', 'curl'],
      recipes,
      roles,
      serverFlags: ['--agents', await builtPackages()],
    })
    hardware = new Hardware(ec2, fleet)
  })
  after(async () => {
    await hardware.end()
    await fleet.down()
    await server.close()
    rmSync(folder, { recursive: true })
  })

  test('plan tells five machines and what they cost', async () => {
    const prices = join(import.meta.dirname, '../../../docs/examples/prices.yaml')
    const planned = await launch('plan', file, '--prices', prices)
    assert.equal(planned.match(/^\+ whole-(master-[123]|slave-[12]): t3\.small/gm)?.length, 5, planned)
    assert.match(planned, /All of it costs \d+\.\d\d USD a month/)
  })

  test('up makes them; each boots by its user data, joins and converges to what it knows of the others', async () => {
    await launch('up', file, '--yes')
    assert.deepEqual(
      await nodes(),
      ['whole-master-1', 'whole-master-2', 'whole-master-3', 'whole-slave-1', 'whole-slave-2'].map((name) => [
        name,
        'changed',
        true,
      ]),
    )
    const { node } = await openNode('whole-slave-1')
    assert.equal(await onNode(node, 'cat', '/etc/leads'), 'whole-master-1\nwhole-master-2\nwhole-master-3')
    assert.deepEqual(JSON.parse(await launch('plan', file, '--json')), { cluster: 'whole', changes: [] })
  })

  test('one more slave, and the others are left alone', async () => {
    await launch('scale', file, 'slave', '+1', '--yes')
    assert.equal(readFileSync(file, 'utf8'), text.replace('count: 2', 'count: 3'))
    const { Reservations = [] } = await ec2.send(new DescribeInstancesCommand({}))
    assert.equal(Reservations.length, 6)
  })

  test('destroy ends the machines, archives the nodes, and leaves nothing that carries our tags', async () => {
    await launch('destroy', file, '--yes')
    assert.deepEqual(await nodes(), [])
    const archived: unknown[] = JSON.parse(await fleet.mustTrivet('node', 'archived', '--json'))
    assert.equal(archived.length, 6)
    const Filters = [{ Name: 'tag-key', Values: ['trivet:cluster'] }]
    const { SecurityGroups } = await ec2.send(new DescribeSecurityGroupsCommand({ Filters }))
    const { Addresses } = await ec2.send(new DescribeAddressesCommand({ Filters }))
    const { Volumes } = await ec2.send(new DescribeVolumesCommand({ Filters }))
    const alive = [{ Name: 'instance-state-name', Values: ['pending', 'running', 'stopping', 'stopped'] }]
    const { Reservations } = await ec2.send(new DescribeInstancesCommand({ Filters: alive }))
    assert.deepEqual(
      { SecurityGroups, Addresses, Volumes, Reservations },
      { SecurityGroups: [], Addresses: [], Volumes: [], Reservations: [] },
    )
  })
})
