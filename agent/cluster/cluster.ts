import type { ResourceId } from '../../protocol/catalog.ts'
import type { AgentMessage, ServerMessage } from '../../protocol/messages.ts'
import type { Host } from '../../resources/host.ts'
import type { PreparedCatalog } from '../kept/kept-catalog.ts'
import type { Prepared } from '../runs/prepare.ts'
import type { Gates } from './gates.ts'
import { Health } from './health.ts'
import type { Leases, Needed } from './leases.ts'

export interface ClusterOptions {
  gates: Gates
  leases: Leases
  /** Of this machine, and no run's: what is asked here goes on beside runs. */
  host: Pick<Host, 'run'>
  /** Something that an earlier run had to defer can be done now. */
  wake: (trigger: 'lease' | 'gate') => void
  /** Leases stay as they are: a run is under way, or the machine goes down. */
  isBusy: () => boolean
}

/** What this node has to do with the others of its cluster, through the server: how it is, what it waits for, and what it may do. */
export class Cluster {
  readonly #options: ClusterOptions
  readonly #health: Health
  #prepared: Prepared[] = []
  /** The gates that were closed when a run last came by. */
  #waits: Prepared[] = []

  constructor(options: ClusterOptions) {
    this.#options = options
    this.#health = new Health(options.host, () => this.#tidy())
  }

  /** With a connection, and how the server's clock is; or without one. */
  connected(send: ((message: AgentMessage) => void) | undefined, serverNow?: () => number) {
    const { gates, leases } = this.#options
    if (!send) gates.tell(undefined)
    leases.connected(send, serverNow)
    this.#health.connected(send)
  }

  receive(message: ServerMessage & { type: 'lease' | 'no-lease' | 'gates' }) {
    const { gates, leases, wake } = this.#options
    switch (message.type) {
      case 'lease':
        if (!leases.granted(message)) return
        return leases.isWanted(message.group) ? wake('lease') : this.#tidy()
      case 'no-lease':
        return leases.refused(message)
      case 'gates':
        gates.tell(message)
        this.#goOn()
    }
  }

  /** A run has been: what of the catalog is asked from now on, for what a lease is needed, and at which gates it waited. */
  async follow(catalog: PreparedCatalog | undefined, needed: Needed[], closed: ResourceId[]) {
    const { gates, leases, host, wake } = this.#options
    this.#prepared = catalog?.prepared ?? []
    const waiting = this.#prepared.filter(({ type }) => type.waits)
    gates.forgetBut(waiting.map(({ resource }) => resource.name))
    this.#waits = waiting.filter(({ id }) => closed.includes(id))
    // One may have opened while the run was under way.
    this.#goOn()
    await leases.want(needed, host)
    // Likewise one that came while the run was under way, which had given up on it: nobody tells of it again.
    if (leases.haveCome()) wake('lease')
    this.#health.follow(this.#prepared)
    // How they were before the run says nothing of how they are after it.
    if (leases.held.length > 0) this.#health.anew()
    this.#tidy()
  }

  close() {
    this.#health.close()
  }

  #goOn() {
    const { gates, wake } = this.#options
    if (!this.#waits.some(({ resource, want }) => gates.isOpen(resource.name, want))) return
    this.#waits = []
    wake('gate')
  }

  /** Gives back what is held for nothing any more, once all is well. */
  #tidy() {
    const { leases, isBusy } = this.#options
    if (isBusy()) return
    for (const group of leases.held) {
      if (leases.isWanted(group)) continue
      const rule = this.#prepared.find(({ resource }) => resource.lease?.group === group)?.resource.lease
      if (!rule?.until || this.#health.isWell(rule.until)) leases.giveBack(group)
    }
  }
}
