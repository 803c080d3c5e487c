import type { Log } from '../cli/command.ts'
import { type Catalog, digestOf } from '../protocol/catalog.ts'
import type { Facts } from '../protocol/facts.ts'
import type { ServerMessage } from '../protocol/messages.ts'
import type { Connection, ConnectOptions } from './link/connection.ts'
import type { Gates } from './cluster/gates.ts'
import type { Leases } from './cluster/leases.ts'
import { Delivery } from './link/delivery.ts'
import type { Host } from '../resources/host.ts'
import { factsReader } from './machine/facts.ts'
import { runCommand } from './machine/run-command.ts'
import type { KeptCatalog } from './kept/kept-catalog.ts'
import { Parts } from './parts.ts'
import type { ResourceTypes } from './runs/prepare.ts'
import type { Reboots } from './runs/reboot.ts'
import type { Runner } from './runs/run.ts'
import type { Identity, State } from './kept/state.ts'
import { JudgeUnit } from './upgrade/judge-unit.ts'
import { slotsAround } from './upgrade/slots.ts'
import { Upgrades, type Ways } from './upgrade/upgrades.ts'
import { messageOf } from '../protocol/errors.ts'

export interface AgentOptions {
  state: State
  types: ResourceTypes
  version: string
  /** By whose signature another agent is taken. */
  upgradeKey?: string | undefined
  log: Log
}

/** The parts of an agent on one state folder; the daemon and the one-shot commands differ only in what they do with them. */
export class Agent {
  readonly identity: Identity
  readonly runner: Runner
  readonly delivery: Delivery
  readonly catalog: KeptCatalog
  readonly reboots: Reboots
  readonly gates: Gates
  readonly leases: Leases
  readonly readFacts: () => Promise<Facts>
  readonly #options: AgentOptions
  readonly #parts: Parts

  /** Throws NotJoined where the state folder belongs to no node yet. */
  constructor(options: AgentOptions) {
    const { state, types, version } = options
    this.identity = identityIn(state)
    this.#options = options
    this.#parts = new Parts(state, types, version)
    this.catalog = this.#parts.catalog
    this.runner = this.#parts.runner
    this.reboots = this.#parts.reboots
    this.gates = this.#parts.gates
    this.leases = this.#parts.leases
    this.delivery = new Delivery(this.#parts.spool, Date.now)
    this.readFacts = factsReader(version)
  }

  /** All that a connection needs but what to do with the server's messages. */
  connecting(): Omit<ConnectOptions, 'receive'> {
    const { state, version, log } = this.#options
    const greeting = async () => ({
      factsDigest: digestOf(await this.readFacts()),
      catalogDigest: this.#parts.completeCatalog()?.digest ?? null,
      spoolBytes: this.delivery.spoolBytes,
    })
    return { identity: this.identity, key: state.readKey, agentVersion: version, greeting, log, now: Date.now }
  }

  /** Beside runs and their deadlines. */
  get runBeside(): Host['run'] {
    return (argv, options = {}) => runCommand(argv, options, this.#options.state.path('scratch'))
  }

  upgrades(ways: Ways) {
    const { state, log, version, upgradeKey: key } = this.#options
    const platform = `${process.platform}-${process.arch}`
    return new Upgrades(
      {
        state,
        log,
        version,
        key,
        place: slotsAround(process.execPath),
        unit: new JudgeUnit(this.runBeside),
        stage: async (wanted) => {
          const { stage } = await import('./upgrade/stage.ts')
          return stage({ ...wanted, platform, server: this.identity, run: this.runBeside })
        },
        hasCatalog: () => this.catalog.isThere,
      },
      ways,
    )
  }

  async welcome({ intervalMs, sendFacts }: ServerMessage & { type: 'welcome' }, connection: Connection) {
    const { state } = this.#options
    try {
      if (state.readSettings()?.intervalMs !== intervalMs) state.writeSettings({ intervalMs })
    } catch (error) {
      this.#options.log(`settings.json cannot be written: ${messageOf(error)}`, { level: 'warn' })
    }
    if (sendFacts) connection.send({ type: 'facts', facts: await this.readFacts() })
  }

  /** The catalog counts once all its blobs are here. */
  async take(catalog: Catalog, session: string) {
    const before = this.catalog.read()
    const { fetchBlobs } = await import('./link/fetch-blobs.ts')
    await fetchBlobs(catalog, this.#parts.blobs, this.identity, session)
    this.catalog.write(catalog)
    this.#parts.prune(before)
  }
}

export class NotJoined extends Error {}

function identityIn(state: State) {
  const identity = state.readIdentity()
  if (!identity) throw new NotJoined(`this node has joined no server: ${state.dir} has no identity.json`)
  return identity
}
