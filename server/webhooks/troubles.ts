import type { HookBody, HookKind, Webhook } from '../../protocol/hooks.ts'
import type { ResourceEvent, Run } from '../../protocol/events.ts'
import type { Registry } from '../agents/registry.ts'
import type { Catalogs, Wanted } from '../catalogs.ts'
import type { Happenings } from '../happenings.ts'
import type { Trouble, TroubleKind } from '../store/hooks.ts'
import type { Node, Store } from '../store/store.ts'
import { Telling } from './telling.ts'

export interface TroubleParts {
  store: Store
  catalogs: Catalogs
  registry: Registry
  happenings: Happenings
  clock: () => number
  /** Where work that nobody waits for tells of its failure. */
  failed: (error: unknown) => void
}

/** What passes by itself within this is told to nobody: an agent that restarts, a node that waits for the next one to join. */
export interface Patience {
  offlineMs: number
  pendingMs: number
}

type Who = Pick<Node, 'id' | 'name' | 'cluster'>
type More = Pick<HookBody, 'run' | 'resources'>
interface Waiting {
  node: Who
  since: number
  reason: string
}

/** What is in a body or a `what` at most. */
const mostResources = 50
const catalogError = 'its catalog does not compile: '

/** Decides what of all that happens is news for webhooks: what goes wrong, once, and that it is over. */
export class Troubles {
  readonly #parts: TroubleParts
  readonly #patience: Patience
  readonly #telling: Telling
  readonly #open = new Map<string, Map<TroubleKind, Trouble>>()
  readonly #away = new Map<string, Waiting>()
  readonly #pending = new Map<string, Waiting>()
  readonly #closedGates = new Map<string, string>()
  #webhooks: Webhook[] = []

  constructor(parts: TroubleParts, patience: Patience, told: () => void) {
    this.#parts = parts
    this.#patience = patience
    this.#telling = new Telling(parts, told)
    const { catalogs, happenings } = parts
    happenings.on('gone', (node) => this.#leave(node))
    happenings.on('connected', (node) => this.#come(node))
    happenings.on('run', ({ node, run, events }) => this.#ran(node, run, events))
    catalogs.onChange((wanted) => this.#compiled(wanted))
    catalogs.onLook(() => this.#forget())
  }

  /** With what was told before the server went. */
  async begin() {
    const { store, catalogs, registry } = this.#parts
    await this.reload()
    for (const trouble of await store.readTroubles()) this.#openOf(trouble.node).set(trouble.kind, trouble)
    for (const wanted of catalogs.all()) {
      this.#compiled(wanted)
      if (!registry.isConnected(wanted.node.id)) this.#leave(wanted.node)
    }
  }

  /** The webhooks are others than before. */
  async reload() {
    this.#webhooks = await this.#parts.store.listWebhooks()
  }

  /** Tells what has lasted too long, and what could not be stored. */
  look() {
    void this.#telling.again()
    const now = this.#parts.clock()
    for (const [id, { node, since, reason }] of this.#away) {
      if (now - since < this.#patience.offlineMs) continue
      this.#away.delete(id)
      this.#begin(node, 'offline', reason)
    }
    for (const [id, { node, since, reason }] of this.#pending) {
      if (now - since < this.#patience.pendingMs) continue
      this.#pending.delete(id)
      this.#begin(node, 'pending', reason)
    }
  }

  #leave(node: Who) {
    if (!this.#parts.catalogs.of(node.id)) return
    this.#away.set(node.id, { node, since: this.#parts.clock(), reason: 'its agent is not connected' })
  }

  #come(node: Who) {
    this.#away.delete(node.id)
    this.#end(node, 'offline')
  }

  #ran(node: Who, run: Run, events: ResourceEvent[]) {
    if (run.mode !== 'converge') return
    this.#drifted(node, run, events)
    const isBroken = run.outcome === 'failed' || run.outcome === 'interrupted'
    const waits = isBroken ? [] : Object.entries(run.waits ?? {})
    const closed = waits.map(([gate, why]) => `${gate}: ${why}`).join('; ')
    if (closed === '') this.#closedGates.delete(node.id)
    else this.#closedGates.set(node.id, closed)
    const wanted = this.#parts.catalogs.of(node.id)
    if (isBroken) this.#failed(node, run, events)
    else if (wanted?.compiled.status !== 'error') this.#end(node, 'failed', { run: run.id })
    if (wanted) this.#waited(wanted)
  }

  #failed(node: Who, { id: run, outcome, error }: Run, events: ResourceEvent[]) {
    const failed = events.filter((event) => event.outcome === 'failed')
    const resources = failed.map((event) => event.id).slice(0, mostResources)
    const reason = error ?? (failed[0] ? `${failed[0].id}: ${failed[0].error}` : `its run was ${outcome}`)
    this.#begin(node, 'failed', reason.slice(0, 2000), { run, resources }, 'a run')
  }

  /** The same drift is told once, however often an audited node finds it. */
  #drifted(node: Who, { id: run }: Run, events: ResourceEvent[]) {
    const drifted = events.filter((event) => 'cause' in event && event.cause === 'drift').map((event) => event.id)
    const resources = [...new Set(drifted)].toSorted().slice(0, mostResources)
    if (resources.length === 0) return this.#end(node, 'drift', {}, { quietly: true })
    const reason = `${resources.length} changed by others than Trivet`
    return this.#begin(node, 'drift', reason, { run, resources }, resources.join(' '))
  }

  #compiled(wanted: Wanted) {
    const { node, compiled } = wanted
    this.#waited(wanted)
    if (compiled.status === 'error') this.#begin(node, 'failed', `${catalogError}${compiled.reason}`, {}, catalogError)
    else if (this.#openOf(node.id).get('failed')?.what === catalogError) this.#end(node, 'failed')
  }

  #waited({ node, compiled }: Wanted) {
    const { id } = node
    const reason = compiled.status === 'pending' ? compiled.reason : this.#closedGates.get(id)
    if (reason === undefined) {
      this.#pending.delete(id)
      this.#end(node, 'pending')
    } else if (!this.#openOf(id).has('pending')) {
      this.#pending.set(id, { node, reason, since: this.#pending.get(id)?.since ?? this.#parts.clock() })
    }
  }

  /** `what` tells one trouble of a kind from another; the same one is told once. */
  #begin(node: Who, kind: TroubleKind, reason: string, more: More = {}, what: string = kind) {
    const open = this.#openOf(node.id)
    if (open.get(kind)?.what === what) return
    const trouble = { node: node.id, kind, since: this.#parts.clock(), what }
    open.set(kind, trouble)
    this.#tell(node, trouble, { over: false, kind, reason, ...more })
  }

  #end(node: Who, kind: TroubleKind, more: More = {}, { quietly = false } = {}) {
    const open = this.#openOf(node.id)
    const trouble = open.get(kind)
    if (!trouble) return
    open.delete(kind)
    this.#tell(node, trouble, { over: true, kind: quietly ? undefined : 'recovered', reason: kind, ...more })
  }

  #tell(
    { name, cluster }: Who,
    trouble: Trouble,
    { over, kind, ...more }: More & { over: boolean; kind: HookKind | undefined; reason: string },
  ) {
    const isMeant = ({ enabled, kinds, clusters }: Webhook) =>
      enabled && kind !== undefined && kinds.includes(kind) && (clusters === null || clusters.includes(cluster))
    const webhooks = this.#webhooks.filter(isMeant).map((webhook) => webhook.name)
    const body = { id: '', kind: kind ?? trouble.kind, at: this.#parts.clock(), node: { name, cluster }, ...more }
    this.#telling.tell({ trouble, over, body, webhooks })
  }

  /** Nodes that were revoked: nothing is wrong with them any more, and nobody need hear of it. */
  #forget() {
    const { catalogs, clock } = this.#parts
    for (const waiting of [this.#away, this.#pending])
      for (const id of waiting.keys()) if (!catalogs.of(id)) waiting.delete(id)
    for (const [id, open] of this.#open) {
      if (catalogs.of(id)) continue
      this.#open.delete(id)
      for (const trouble of open.values()) {
        const body: HookBody = { id: '', kind: trouble.kind, at: clock(), node: null, reason: 'revoked' }
        this.#telling.tell({ trouble, over: true, body, webhooks: [] })
      }
    }
  }

  #openOf(id: string) {
    const open = this.#open.get(id) ?? new Map<TroubleKind, Trouble>()
    this.#open.set(id, open)
    return open
  }
}
