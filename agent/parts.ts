import { Gates } from './cluster/gates.ts'
import { Leases } from './cluster/leases.ts'
import { type Blobs, blobsIn, blobsOf } from './kept/blobs.ts'
import { RealHost } from './machine/host.ts'
import { KeptCatalog, type PreparedCatalog } from './kept/kept-catalog.ts'
import { Ledger } from './kept/ledger.ts'
import type { ResourceTypes } from './runs/prepare.ts'
import { Reboots } from './runs/reboot.ts'
import { Runner } from './runs/run.ts'
import { type Spool, spoolIn } from './kept/spool.ts'
import type { State } from './kept/state.ts'

/** Replaced files are kept this long. */
const keptMs = 30 * 24 * 3600 * 1000
/** A blob that no catalog names may still be on its way into one. */
const unnamedMs = 3600 * 1000

/** What converges a machine from its state folder, with a server or without. */
export class Parts {
  readonly blobs: Blobs
  readonly catalog: KeptCatalog
  readonly spool: Spool
  readonly reboots: Reboots
  readonly host: RealHost
  readonly gates: Gates
  /** Nobody gives any as long as it is not connected. */
  readonly leases = new Leases()
  readonly runner: Runner
  readonly #kept: Blobs
  readonly #ledgerPath: string

  constructor(state: State, types: ResourceTypes, version: string) {
    this.#kept = blobsIn(state.path('kept'))
    this.#ledgerPath = state.path('ledger')
    this.blobs = blobsIn(state.path('blobs'))
    this.catalog = new KeptCatalog(state, types, this.blobs, version)
    this.spool = spoolIn(state.path('spool'))
    this.reboots = new Reboots(state.path('reboot.json'))
    this.gates = new Gates(state.path('gates.json'))
    const { closed: closedGate } = this.gates
    this.host = new RealHost({ blobs: this.blobs, kept: this.#kept, scratch: state.path('scratch'), closedGate })
    this.runner = new Runner({
      readCatalog: () => this.catalog.read(),
      types: this.catalog.types,
      host: this.host,
      spool: this.spool,
      reboots: this.reboots,
      leases: this.leases,
      journalPath: state.path('journal'),
      ledgerPath: this.#ledgerPath,
      lockPath: state.path('run.lock'),
      now: Date.now,
    })
  }

  /** Removes what neither the catalog nor the one before it, of which a run may still be under way, nor the ledger names. */
  prune(before: PreparedCatalog | undefined) {
    const ledger = new Ledger(this.#ledgerPath)
    const made = blobsOf(ledger.made, undefined)
    const named = new Map([...namedBy(this.catalog.read(), this.catalog.brought), ...namedBy(before), ...made])
    this.blobs.prune(named, Date.now() - unnamedMs)
    this.#kept.prune(ledger.keptHashes, Date.now() - keptMs)
  }

  /** The catalog, unless a blob of it was damaged since: then the server is to send it anew, and its blobs are fetched. */
  completeCatalog() {
    const kept = this.catalog.read()
    return [...namedBy(kept).keys()].every(this.blobs.has) ? kept : undefined
  }
}

function namedBy(kept: PreparedCatalog | undefined, types = kept?.head.types) {
  return blobsOf(kept?.prepared.map(({ resource }) => resource) ?? [], types)
}
