import { setImmediate as breathe } from 'node:timers/promises'
import { clusterViews, inputOf } from './cluster-views.ts'
import { compile, type Compiled } from './compile/compile.ts'
import { answersChanged, type ClusterView, type NodeInput } from './compile/inputs.ts'
import { createDeadlines } from './deadlines.ts'
import { oneAfterAnother } from './one-after-another.ts'
import type { Revisions } from './revisions.ts'
import { nextEnd, stanceInput } from './stances.ts'
import type { Fleet, FleetNode, Store } from './store/store.ts'
import { describeThrown } from './thrown.ts'

/** A node's catalog, or why it has none, with what it was compiled for. */
export interface Wanted {
  node: FleetNode
  compiled: Compiled
}

export interface Catalogs {
  /** Looks again at what each node should be. Calls of a burst share one look; each resolves when its change is in. */
  refresh(): Promise<void>
  /** As of the last look; undefined for a node that was not there yet. */
  of(nodeId: string): Wanted | undefined
  all(): Wanted[]
  /** As of the last look, which every write awaits: reading ten thousand nodes from the store takes a second. */
  fleet(): Fleet
  /** Bytes of the node's catalog, or of the one before it, which may still be on its way. Nothing else. */
  blob(nodeId: string, sha256: string): Buffer | undefined
  /** Told of each node whose catalog, or the reason for having none, is another. */
  onChange(listener: (wanted: Wanted) => void): void
  /** Told after each look: nodes may have come and gone, and roles may be others. */
  onLook(listener: () => void): void
  close(): void
}

export interface CatalogParts {
  store: Store
  revisions: Revisions
  clock: () => number
  /** Where work that nobody waits for tells of its failure. */
  failed: (error: unknown) => void
}

interface Entry extends Wanted {
  /** All that went in but the cluster's answers. */
  inputs: string
  blobs: Map<string, Buffer>
  previousBlobs: Map<string, Buffer>
}

/** How long compiling may keep the loop from its sockets. */
const stretchMs = 20

export function createCatalogs(parts: CatalogParts): Catalogs {
  const entries = new Map<string, Entry>()
  const listeners: ((wanted: Wanted) => void)[] = []
  const afterwards: (() => void)[] = []
  const ends = createDeadlines(parts.clock, parts.failed)
  const looks = oneAfterAnother(async () => {
    const now = parts.clock()
    fleet = await look(parts, entries, now, tell)
    lookAtEnd(fleet, now)
    for (const listener of afterwards) listener()
  })
  let fleet: Fleet = { nodes: [], clusters: {}, clusterRevisions: {} }
  let nextLook = 0

  /** What ends by itself must not last until somebody writes. */
  function lookAtEnd(seen: Fleet, now: number) {
    const end = nextEnd(seen, now)
    if (end === undefined || (nextLook > now && nextLook <= end)) return
    nextLook = end
    ends.at(end, looks)
  }

  function tell(entry: Entry) {
    for (const listener of listeners) listener(entry)
  }

  return {
    refresh: looks,
    of: (nodeId) => entries.get(nodeId),
    all: () => [...entries.values()],
    fleet: () => fleet,
    blob: (nodeId, sha256) => {
      const entry = entries.get(nodeId)
      return entry?.blobs.get(sha256) ?? entry?.previousBlobs.get(sha256)
    },
    onChange: (listener) => void listeners.push(listener),
    onLook: (listener) => void afterwards.push(listener),
    close: () => ends.close(),
  }
}

async function look(
  { store, revisions }: CatalogParts,
  entries: Map<string, Entry>,
  now: number,
  tell: (entry: Entry) => void,
) {
  const fleet = await store.readFleet()
  const viewOf = clusterViews(fleet)
  const living = new Set(fleet.nodes.map(({ id }) => id))
  for (const id of entries.keys()) if (!living.has(id)) entries.delete(id)
  let since = performance.now()
  for (const node of fleet.nodes) {
    const before = entries.get(node.id)
    const input = { ...inputOf(node, fleet), ...stanceInput(node, now) }
    const entry = node.awaitsApproval
      ? awaiting(node, before)
      : entryFor(node, input, viewOf(node.cluster), revisions, before)
    entries.set(node.id, entry)
    if (!before || !isSame(before.compiled, entry.compiled)) tell(entry)
    if (performance.now() - since < stretchMs) continue
    await breathe()
    since = performance.now()
  }
  return fleet
}

/** The entry of before when nothing that it was made from is another now. */
function entryFor(
  node: FleetNode,
  input: NodeInput,
  view: ClusterView,
  revisions: Revisions,
  before: Entry | undefined,
): Entry {
  const revision = revisions.current()
  const inputs = JSON.stringify([revision?.id ?? revisions.errors(), input])
  if (before?.inputs === inputs && !answersChanged(before.compiled.asked, view)) return { ...before, node }
  const compiled = revision ? compiledOrWhyNot(revision, input, view) : noRevision(revisions.errors())
  return { node, compiled, inputs, ...blobsAfter(before, compiled) }
}

/** Nobody has said yet that it is who it says. */
function awaiting(node: FleetNode, before: Entry | undefined): Entry {
  const reason = `it waits to be approved: trivet node approve ${node.name}`
  const compiled: Compiled = { status: 'pending', reason, asked: [] }
  return { node, compiled, inputs: reason, ...blobsAfter(before, compiled) }
}

/** One node that cannot be compiled must not keep the others from their catalogs, even when the fault is ours. */
function compiledOrWhyNot(...given: Parameters<typeof compile>): Compiled {
  try {
    return compile(...given)
  } catch (error) {
    const reason = `node ${given[1].name} could not be compiled: ${describeThrown(error)}. This is a fault of Trivet.`
    return { status: 'error', reason, asked: [] }
  }
}

function noRevision(errors: string[]): Compiled {
  const reason = `recipes and roles do not load: ${errors.join('; ')}`
  return { status: 'error', reason, asked: [] }
}

const noBlobs = new Map<string, Buffer>()

function blobsAfter(before: Entry | undefined, compiled: Compiled) {
  if (compiled.status !== 'compiled') return { blobs: noBlobs, previousBlobs: before?.blobs ?? noBlobs }
  const same = before?.compiled.status === 'compiled' && before.compiled.digest === compiled.digest
  return { blobs: compiled.blobs, previousBlobs: (same ? before.previousBlobs : before?.blobs) ?? noBlobs }
}

function isSame(a: Compiled, b: Compiled) {
  return a.status === b.status && whatTells(a) === whatTells(b)
}

function whatTells(compiled: Compiled) {
  return 'digest' in compiled ? compiled.digest : compiled.reason
}
