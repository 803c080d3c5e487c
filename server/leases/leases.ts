import type { Run } from '../../protocol/events.ts'
import type { WantedLease } from '../../protocol/messages.ts'
import type { LeaseView } from '../../protocol/views.ts'
import type { Connection } from '../agents/connection.ts'
import type { Registry } from '../agents/registry.ts'
import type { Catalogs } from '../catalogs.ts'
import { createDeadlines } from '../deadlines.ts'
import { oneAfterAnother } from '../one-after-another.ts'
import type { By, Lease, Store } from '../store/store.ts'
import { decide } from './decide.ts'
import { groupState, type Known, noSuchLease, wantIn } from './group-state.ts'
import { type Group, Groups } from './groups.ts'
import { Progress } from './progress.ts'
import { viewsOf } from './views.ts'

/** How long a lease lasts after the last word of its holder. */
const lastsMs = 5 * 60_000
/** Agents get so long to come back after the server was away, before a lease that has ended meanwhile is dropped. */
const comeBackMs = 60_000
/** A store that fails is not asked again at once. */
const soonestMs = 1000

export interface LeaseParts {
  store: Store
  catalogs: Catalogs
  registry: Registry
  clock: () => number
  /** Where work that nobody waits for tells of its failure. */
  failed: (error: unknown) => void
  log: (what: string, lease: Lease) => void
}

/** Who may act: asked for by nodes, decided for one group at a time, stored before it is told. */
export class Leases {
  readonly #parts: LeaseParts
  readonly #known: Known
  readonly #groups: Groups
  readonly #progress = new Progress()
  readonly #deadlines
  readonly #startedAt: number
  #serving: Promise<unknown> = Promise.resolve()
  #turns = 0
  #nextAt: number | undefined
  #isClosed = false

  constructor(parts: LeaseParts) {
    const { catalogs, registry, clock, failed } = parts
    this.#parts = parts
    this.#groups = new Groups((group) => oneAfterAnother(() => this.#look(group)))
    this.#known = { catalogs, registry, progress: this.#progress, groups: this.#groups }
    this.#deadlines = createDeadlines(clock, failed)
    this.#startedAt = clock()
    catalogs.onChange((wanted) => this.#groups.index(wanted))
    catalogs.onLook(() => this.#lookAgain())
  }

  /** With what was held when the server went. */
  async begin() {
    const { store } = this.#parts
    await this.#progress.load(store)
    for (const lease of await store.readLeases()) this.#groups.addHeld(lease)
    for (const group of this.#groups.all()) await group.look()
  }

  close() {
    this.#isClosed = true
    this.#deadlines.close()
  }

  /** All that the node wants, and no more. */
  async want(connection: Connection, wanted: WantedLease[]) {
    const { id, name, cluster } = connection.node
    const before = connection.wants
    const now = this.#parts.clock()
    const wants: Connection['wants'] = new Map()
    connection.wants = wants
    connection.answers.clear()
    for (const one of wanted) {
      const { askedAt = now, turn = (this.#turns += 1) } = before?.get(one.group) ?? {}
      if (!wants.has(one.group)) wants.set(one.group, { ...one, askedAt, turn })
    }
    const groups = new Set(this.#groups.of(id))
    for (const group of wants.keys()) {
      const found = this.#groups.find(cluster, group)
      if (found && (found.members.has(id) || found.held.has(id))) groups.add(found)
      else connection.send({ type: 'no-lease', group, reason: noSuchLease(name, group) })
    }
    for (const group of groups) if (wants.has(group.name)) group.asking.add(id)
    await Promise.all([...groups].map((group) => group.look()))
  }

  /** The node gives it back. Another number than of the lease that it holds means one of before. */
  async over({ node, wants, answers }: Connection, name: string, fence: number) {
    const group = this.#groups.find(node.cluster, name)
    const lease = group?.held.get(node.id)
    if (!group || lease?.fence !== fence) return
    wants?.delete(name)
    answers.delete(name)
    await this.#end(group, lease)
    await Promise.all([group.look(), this.heard(node.id)])
  }

  /** Something about the node is another than before: its health, its run, whether it is connected. */
  async heard(nodeId: string) {
    const concerned = this.#groups.of(nodeId).filter(({ asking, held }) => asking.size > 0 || held.has(nodeId))
    await Promise.all(concerned.map((group) => group.look()))
  }

  async reported(nodeId: string, run: Run) {
    this.#progress.reported(nodeId, run)
    await this.heard(nodeId)
  }

  /** An operator takes it away; who still wants it asks anew, after all others. */
  async release(nodeId: string, name: string, by: By): Promise<Lease | undefined> {
    const group = this.#groups.of(nodeId).find((one) => one.name === name)
    const lease = group?.held.get(nodeId)
    if (!group || !lease) return undefined
    const ended = await this.#end(group, lease, { by, action: 'release-lease' })
    const want = wantIn(group, nodeId, this.#known)
    if (want) want.turn = this.#turns += 1
    else this.#known.registry.of(nodeId)?.send({ type: 'no-lease', group: name, reason: `${by.author} took it away` })
    await Promise.all([group.look(), this.heard(nodeId)])
    return ended ? lease : undefined
  }

  /** Those held, and those waited for, in all groups or those of one node. */
  list(nodeId?: string): LeaseView[] {
    const groups = nodeId === undefined ? this.#groups.all() : this.#groups.of(nodeId)
    return groups.flatMap((group) => viewsOf(group, this.#known, this.#parts.clock(), nodeId))
  }

  /** How many are held and waited for, without why. */
  counts() {
    return this.#groups
      .all()
      .map(({ cluster, name, held, asking }) => ({ cluster, group: name, held: held.size, waiting: asking.size }))
  }

  #lookAgain() {
    const { catalogs, failed } = this.#parts
    for (const id of this.#groups.nodes()) if (!catalogs.of(id)) this.#groups.forget(id)
    const concerned = this.#groups.all().filter(({ asking, held }) => asking.size > 0 || held.size > 0)
    for (const group of concerned) group.look().catch(failed)
  }

  async #look(group: Group) {
    if (this.#isClosed) return
    for (const id of group.asking) if (!wantIn(group, id, this.#known)) group.asking.delete(id)
    await this.#dropOverdue(group)
    await this.#renew(group)
    this.#answer(group, group.asking.size > 0 ? await this.#serve(group) : new Map())
    this.#arm()
  }

  /** Gives to those that can be served now, and why the others wait. One group after the other, since who acts in one is not well in the others. */
  async #serve(group: Group) {
    const serving = this.#serving.then(async () => {
      const now = this.#parts.clock()
      const { grants, refusals } = decide(groupState(group, this.#known, now))
      await Promise.all(grants.map((node) => this.#grant(group, node, now)))
      return refusals
    })
    // Whoever asked hears of a failure; the next has its own.
    this.#serving = serving.catch(() => undefined)
    return serving
  }

  async #grant(group: Group, node: string, grantedAt: number) {
    const { cluster, name } = group
    const action = wantIn(group, node, this.#known)?.action ?? ''
    const expiresAt = grantedAt + lastsMs
    const lease = await this.#parts.store.grantLease({ cluster, group: name, node, action, grantedAt, expiresAt })
    if (!lease) return
    group.held.set(node, lease)
    this.#parts.log('lease given', lease)
  }

  /** Each hears what is news to it: also of a lease that it has forgotten, so that it gives that back. */
  #answer({ name: group, asking, held }: Group, refusals: Map<string, string>) {
    for (const id of new Set([...asking, ...held.keys()])) {
      const connection = this.#known.registry.of(id)
      const lease = held.get(id)
      const reason = connection?.wants?.has(group) ? refusals.get(id) : undefined
      const answer = lease ? `${lease.fence} until ${lease.expiresAt}` : reason
      if (!connection?.wants || answer === undefined || connection.answers.get(group) === answer) continue
      connection.answers.set(group, answer)
      if (lease) connection.send({ type: 'lease', group, fence: lease.fence, expiresAt: lease.expiresAt })
      else connection.send({ type: 'no-lease', group, reason: answer })
    }
  }

  async #dropOverdue(group: Group) {
    const now = this.#parts.clock()
    for (const lease of group.held.values()) {
      if (this.#isConnected(lease) || this.#dropAt(lease) > now) continue
      this.#parts.log('lease dropped: its node went and did not come back in time', lease)
      await this.#end(group, lease, { by: { author: 'server', at: now }, action: 'expire-lease' })
      for (const other of this.#groups.of(lease.node)) if (other !== group) other.look().catch(this.#parts.failed)
    }
  }

  async #end(group: Group, lease: Lease, ended?: Parameters<Store['endLease']>[1]) {
    const isEnded = await this.#parts.store.endLease(lease, ended)
    if (group.held.get(lease.node)?.fence === lease.fence) group.held.delete(lease.node)
    return isEnded
  }

  /** Half of its time before a lease ends, while its holder is connected. */
  async #renew(group: Group) {
    const now = this.#parts.clock()
    const due = [...group.held.values()].filter((lease) => this.#isConnected(lease) && renewAt(lease) <= now)
    if (due.length === 0) return
    const expiresAt = now + lastsMs
    await this.#parts.store.renewLeases(due, expiresAt)
    for (const lease of due)
      if (group.held.get(lease.node)?.fence === lease.fence) group.held.set(lease.node, { ...lease, expiresAt })
  }

  #arm() {
    const { clock } = this.#parts
    const now = clock()
    const leases = this.#groups.all().flatMap(({ held }) => [...held.values()])
    if (leases.length === 0) return
    const due = leases.map((lease) => (this.#isConnected(lease) ? renewAt(lease) : this.#dropAt(lease)))
    const next = Math.max(Math.min(...due), now + soonestMs)
    if (this.#nextAt !== undefined && this.#nextAt > now && this.#nextAt <= next) return
    this.#nextAt = next
    this.#deadlines.at(next, () => this.#atDeadline(next))
  }

  async #atDeadline(at: number) {
    if (this.#nextAt !== at) return
    this.#nextAt = undefined
    const holding = this.#groups.all().filter(({ held }) => held.size > 0)
    try {
      await Promise.all(holding.map((group) => group.look()))
    } finally {
      this.#arm()
    }
  }

  #isConnected({ node }: Lease) {
    return this.#known.registry.isConnected(node)
  }

  #dropAt({ expiresAt }: Lease) {
    return Math.max(expiresAt, this.#startedAt + comeBackMs)
  }
}

function renewAt({ expiresAt }: Lease) {
  return expiresAt - lastsMs / 2
}
