import {
  DescribeAddressesCommand,
  DescribeImagesCommand,
  DescribeInstancesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSnapshotsCommand,
  DescribeVolumesCommand,
  EC2Client,
  type Tag,
} from '@aws-sdk/client-ec2'
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text as textOf } from 'node:stream/consumers'
import { writeLogin } from '../../cli/login-file.ts'
import { api } from '../../protocol/api.ts'
import { Hardware } from './ec2-hardware.ts'
import { type Call, type Ec2Proxy, startEc2Proxy } from './ec2-proxy.ts'
import type { Ec2Server } from './ec2-server.ts'
import type { Served } from './test-server.ts'

const program = join(import.meta.dirname, '../../bin/trivet')
const credentials = { accessKeyId: 'test', secretAccessKey: 'test' }
const region = 'eu-west-1'

/** When the launcher dies: at which of its calls that change something, counted from 1. */
export interface Kill {
  at: number
  when: 'before' | 'after'
}

export interface Ended {
  /** null: it was killed. */
  exitCode: number | null
  stdout: string
  stderr: string
  /** Its calls that change something, up to the one at which it was killed. */
  changes: string[]
}

/** The launcher as a process of its own, for one cluster on a moto and a server that it may share with others. */
export class LauncherProcess {
  readonly ec2: EC2Client
  readonly file: string
  readonly proxy: Ec2Proxy
  readonly #cluster: string
  readonly #served: Served
  readonly #hardware: Hardware
  readonly #folder: string
  #seen: (call: Call, when: Kill['when']) => Promise<'cut' | 'pass'> = async () => 'pass'

  private constructor({ cluster, moto, served }: Given, proxy: Ec2Proxy, folder: string) {
    this.#cluster = cluster
    this.#served = served
    this.#folder = folder
    this.file = join(folder, 'cluster.yaml')
    this.proxy = proxy
    this.ec2 = new EC2Client({ endpoint: moto.url, region, credentials })
    this.#hardware = new Hardware(this.ec2, served, cluster)
    proxy.watchers.push((call, when) => this.#seen(call, when), this.#hardware.watch)
  }

  static async open(given: Given) {
    const folder = await mkdtemp(join(tmpdir(), 'trivet-launcher-'))
    const { url, ca, token } = given.served
    await writeLogin(join(folder, 'config.json'), { url, ca, token })
    await writeFile(join(folder, 'cluster.yaml'), given.text)
    return new LauncherProcess(given, await startEc2Proxy(given.moto.url), folder)
  }

  async close() {
    try {
      await this.#hardware.end()
    } finally {
      await this.proxy.close()
      this.ec2.destroy()
      await rm(this.#folder, { recursive: true })
    }
  }

  /** It must succeed. */
  async must(command: string) {
    const ended = await this.launch(command)
    assert.equal(ended.exitCode, 0, `${command}: ${ended.stderr}`)
    return ended
  }

  /** `trivet launch …`, where FILE stands for the cluster file, to its end or to that of `kill`. */
  async launch(command: string, kill?: Kill): Promise<Ended> {
    const asked = command.split(' ').map((word) => (word === 'FILE' ? this.file : word))
    const words = asked.includes(this.file) ? [...asked, '--server-url', 'https://10.1.2.3:7600'] : asked
    const env = {
      PATH: process.env.PATH,
      HOME: this.#folder,
      XDG_STATE_HOME: join(this.#folder, 'state'),
      TRIVET_CONFIG: join(this.#folder, 'config.json'),
      AWS_ENDPOINT_URL: this.proxy.url,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      AWS_REGION: region,
    }
    const child = spawn(process.execPath, [program, 'launch', ...words], { env, stdio: ['ignore', 'pipe', 'pipe'] })
    const ended = once(child, 'close')
    const changes: Call[] = []
    let isDead = false
    this.#seen = async (call, when) => {
      if (isDead) return 'cut'
      if (!isChange(call)) return 'pass'
      if (when === 'before') changes.push(call)
      // Others may have come between its two moments.
      if (kill?.when !== when || changes[kill.at - 1] !== call) return 'pass'
      isDead = true
      child.kill('SIGKILL')
      await ended
      return 'cut'
    }
    const [stdout, stderr] = await Promise.all([textOf(child.stdout), textOf(child.stderr), ended])
    return { exitCode: child.exitCode, stdout, stderr, changes: changes.map(({ action }) => action) }
  }

  /** All that is there of the cluster, on EC2 and on the server, told so that two clusters of one file say the same. */
  async picture() {
    const Filters = [{ Name: 'tag:trivet:cluster', Values: [this.#cluster] }]
    const { Reservations = [] } = await this.ec2.send(new DescribeInstancesCommand({ Filters }))
    const all = Reservations.flatMap(({ Instances = [] }) => Instances)
    const living = all.filter(({ State }) => State?.Name !== 'terminated')
    const nameOf = (id?: string) => this.#plain(living.find(({ InstanceId }) => InstanceId === id)?.Tags)
    const { Addresses = [] } = await this.ec2.send(new DescribeAddressesCommand({ Filters }))
    const { SecurityGroups = [] } = await this.ec2.send(new DescribeSecurityGroupsCommand({ Filters }))
    const { Volumes = [] } = await this.ec2.send(new DescribeVolumesCommand({ Filters }))
    const { Images = [] } = await this.ec2.send(new DescribeImagesCommand({ Filters, Owners: ['self'] }))
    const { Snapshots = [] } = await this.ec2.send(new DescribeSnapshotsCommand({ Filters, OwnerIds: ['self'] }))
    const { client } = this.#served
    const nodes = await client.list(api.listNodes, { cluster: this.#cluster })
    const tokens = (await client.list(api.listTokens, {})).filter(({ cluster }) => cluster === this.#cluster)
    return {
      machines: living.map(({ Tags, State }) => `${this.#plain(Tags)} ${State?.Name}`).toSorted(),
      addresses: Addresses.map(({ Tags, InstanceId }) => `${this.#plain(Tags)} on ${nameOf(InstanceId)}`).toSorted(),
      securityGroups: SecurityGroups.map(
        ({ Tags, IpPermissions = [] }) => `${this.#plain(Tags)} ${IpPermissions.length}`,
      ).toSorted(),
      volumes: Volumes.map(({ Tags, State }) => `${this.#plain(Tags)} ${State}`).toSorted(),
      images: Images.map(({ Tags }) => this.#plainName(tagOf(Tags, 'trivet:image') ?? 'nothing')),
      snapshots: Snapshots.length,
      nodes: nodes.map(({ name, state, connected }) => `${this.#plainName(name)} ${state} ${connected}`).toSorted(),
      tokens: tokens.map(({ names }) => this.#plainName(names)),
    }
  }

  #plain(tags?: Tag[]) {
    return this.#plainName(tagOf(tags, 'Name') ?? 'nothing')
  }

  #plainName(name: string) {
    return name.replace(this.#cluster, 'c')
  }
}

interface Given {
  cluster: string
  /** Of the cluster file. */
  text: string
  moto: Ec2Server
  served: Served
}

function isChange({ action, parameters }: Call) {
  return action.startsWith('ec2:') && !/^ec2:(Describe|Get)/.test(action) && parameters.get('DryRun') !== 'true'
}

function tagOf(tags: Tag[] | undefined, key: string) {
  return tags?.find(({ Key }) => Key === key)?.Value
}

/** Does `work` for each of them, so many at a time, and fails with all that failed. */
export async function inLanes<Item>(lanes: number, items: Item[], work: (item: Item) => Promise<void>) {
  const waiting = [...items]
  const failures: unknown[] = []
  const lane = async () => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift())
      await work(item).catch((error: unknown) => failures.push(error))
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  if (failures.length > 0) throw new AggregateError(failures, failures.map(String).join('\n\n'))
}
