import { type Catalog, digestOf } from '../protocol/catalog.ts'
import type { Facts } from '../protocol/facts.ts'
import type { ServerMessage } from '../protocol/messages.ts'
import { type Blobs, blobsIn, blobsOf } from './blobs.ts'
import type { Connection, ConnectOptions } from './connection.ts'
import { Delivery } from './delivery.ts'
import { factsReader } from './facts.ts'
import { RealHost } from './host.ts'
import { KeptCatalog } from './kept-catalog.ts'
import { Ledger } from './ledger.ts'
import type { ResourceTypes } from './prepare.ts'
import { Reboots } from './reboot.ts'
import { Runner } from './run.ts'
import { spoolIn } from './spool.ts'
import type { Identity, State } from './state.ts'
import { messageOf } from '../protocol/errors.ts'

/** Replaced files are kept this long. */
const keptMs = 30 * 24 * 3600 * 1000
/** A blob that no catalog names may still be on its way into one. */
const unnamedMs = 3600 * 1000

export interface AgentOptions {
  state: State
  types: ResourceTypes
  version: string
  log: (line: string) => void
}

/** The parts of an agent on one state folder; the daemon and the one-shot commands differ only in what they do with them. */
export class Agent {
  readonly identity: Identity
  readonly runner: Runner
  readonly delivery: Delivery
  readonly catalog: KeptCatalog
  readonly reboots: Reboots
  readonly readFacts: () => Promise<Facts>
  readonly #options: AgentOptions
  readonly #blobs: Blobs
  readonly #kept: Blobs

  /** Throws NotJoined where the state folder belongs to no node yet. */
  constructor(options: AgentOptions) {
    const { state, types, version } = options
    this.identity = identityIn(state)
    this.#options = options
    this.#blobs = blobsIn(state.path('blobs'))
    this.#kept = blobsIn(state.path('kept'))
    this.catalog = new KeptCatalog(state, types, version)
    this.readFacts = factsReader(version)
    const spool = spoolIn(state.path('spool'))
    this.delivery = new Delivery(spool, Date.now)
    this.reboots = new Reboots(state.path('reboot.json'))
    this.runner = new Runner({
      readCatalog: () => this.catalog.read(),
      types,
      host: new RealHost({ blobs: this.#blobs, kept: this.#kept, scratch: state.path('scratch') }),
      spool,
      reboots: this.reboots,
      journalPath: state.path('journal'),
      ledgerPath: state.path('ledger'),
      lockPath: state.path('run.lock'),
      now: Date.now,
    })
  }

  /** All that a connection needs but what to do with the server's messages. */
  connecting(): Omit<ConnectOptions, 'receive'> {
    const { state, version, log } = this.#options
    const greeting = async () => ({
      factsDigest: digestOf(await this.readFacts()),
      catalogDigest: this.#completeCatalog()?.digest ?? null,
    })
    return { identity: this.identity, key: state.readKey(), agentVersion: version, greeting, log, now: Date.now }
  }

  async welcome({ intervalMs, sendFacts }: ServerMessage & { type: 'welcome' }, connection: Connection) {
    const { state } = this.#options
    try {
      if (state.readSettings()?.intervalMs !== intervalMs) state.writeSettings({ intervalMs })
    } catch (error) {
      this.#options.log(`settings.json cannot be written: ${messageOf(error)}`)
    }
    if (sendFacts) connection.send({ type: 'facts', facts: await this.readFacts() })
  }

  /** The catalog counts once all its blobs are here. */
  async take(catalog: Catalog, session: string) {
    const before = this.catalog.read()
    const { fetchBlobs } = await import('./fetch-blobs.ts')
    await fetchBlobs(catalog, this.#blobs, this.identity, session)
    this.catalog.write(catalog)
    // A run of the catalog before it may still be under way.
    const resources = [...catalog.resources, ...(before?.prepared ?? []).map(({ resource }) => resource)]
    this.#blobs.prune(blobsOf(resources), Date.now() - unnamedMs)
    this.#kept.prune(new Ledger(this.#options.state.path('ledger')).keptHashes, Date.now() - keptMs)
  }

  // Where a blob of it was damaged since, the server is to send the catalog as if there were none: then its blobs are fetched.
  #completeCatalog() {
    const kept = this.catalog.read()
    const blobs = blobsOf((kept?.prepared ?? []).map(({ resource }) => resource))
    return [...blobs.keys()].every(this.#blobs.has) ? kept : undefined
  }
}

export class NotJoined extends Error {}

function identityIn(state: State) {
  const identity = state.readIdentity()
  if (!identity) throw new NotJoined(`this node has joined no server: ${state.dir} has no identity.json`)
  return identity
}
