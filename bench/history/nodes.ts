import type { Facts } from '../../protocol/facts.ts'
import type { By, Node, Store } from '../../server/store/store.ts'
import { hashSecret } from '../../server/secrets.ts'
import { oneOf, type Random, uuidOf, weighted } from './random.ts'

/** How many of a hundred are in each cluster, and have each role. */
const clusters = [
  ['prod-eu', 50],
  ['prod-us', 30],
  ['stage', 15],
  ['test', 4.5],
  ['lab', 0.5],
] as const
const roles = [
  ['site-app', 70],
  ['site-db', 14],
  ['site-queue', 10],
  ['site-edge', 6],
] as const
/** So few nodes have it that nobody finds them by looking at one after the other. */
const rareRole = 'site-rare'
const rareNodes = 3

const start: By = { author: 'generator', at: Date.UTC(2026, 0, 1) }

export interface Made {
  id: string
  name: string
}

/** Enrols so many nodes as agents would, with facts and roles; every tenth has attributes of its own. */
export async function makeNodes(store: Store, count: number, random: Random): Promise<Made[]> {
  for (const [cluster] of clusters) await makeToken(store, cluster, count)
  const made: Made[] = []
  const writes: Promise<unknown>[] = []
  for (let index = 0; index < count; index++) {
    const cluster = weighted(clusters, random)
    const role = weighted(roles, random)
    const name = `${role.slice('site-'.length)}-${cluster}-${String(index).padStart(5, '0')}`
    const node = { id: uuidOf(random), name, key: uuidOf(random) }
    made.push(node)
    const wanted = index < rareNodes ? [role, rareRole] : [role]
    writes.push(makeNode(store, node, cluster, wanted, factsOf(name, index, random)))
    if (index % 1000 === 999) await Promise.all(writes.splice(0))
  }
  await Promise.all(writes)
  return made
}

async function makeNode(
  store: Store,
  node: Pick<Node, 'id' | 'name' | 'key'>,
  cluster: string,
  wanted: string[],
  facts: Facts,
) {
  const { id } = node
  const enrolling = await store.enrol(cluster, node, start.at)
  if (enrolling.status !== 'enrolled') throw new Error(`${node.name} was not enrolled: ${enrolling.status}`)
  await Promise.all([store.assign(id, wanted, start), store.keepFacts(id, `facts-${id}`, facts, start.at)])
  if (node.name.endsWith('0'))
    await store.setAttribute({ scope: 'node', subject: id, key: 'site.word' }, node.name, start)
}

async function makeToken(store: Store, cluster: string, usesLeft: number) {
  const secretHash = hashSecret(cluster)
  const token = {
    id: cluster,
    secretHash,
    usesLeft,
    expiresAt: start.at + 1,
    roles: [],
    cluster,
    names: '*',
    approval: false,
  }
  await store.createToken({ ...token, author: start.author }, { ...start, at: start.at - 1 })
}

export function factsOf(hostname: string, index: number, random: Random): Facts {
  const address = `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`
  return {
    hostname,
    address,
    addresses: [address, `192.168.${(index >> 8) & 255}.${index & 255}`],
    os: { id: 'debian', version: '12', codename: 'bookworm' },
    kernel: oneOf(['6.1.0-18-amd64', '6.1.0-21-amd64', '6.1.0-25-amd64'], random),
    arch: 'x64',
    cpus: oneOf([2, 4, 8, 16], random),
    memoryMb: oneOf([2048, 4096, 16_384], random),
    virtual: 'kvm',
    machineId: uuidOf(random).replaceAll('-', ''),
    agentVersion: '0.1.0',
  }
}
