import { statSync } from 'node:fs'
import { z } from 'zod'
import { BlobRef, Catalog, digestOf, Sha256 } from '../../protocol/catalog.ts'
import type { Blobs } from './blobs.ts'
import type { ResourceType } from '../../resources/define.ts'
import { faultPoint } from '../../resources/fault-points.ts'
import { type Prepared, prepare, type ResourceTypes, UnreadableProps } from '../runs/prepare.ts'
import { readReplaceable, type State, writeSynced } from './state.ts'
import { loadTypes } from './third-party-types.ts'

/** A catalog ready to be walked. It is the same object as long as the file is the same. */
export interface PreparedCatalog {
  digest: string
  /** All of the catalog but its resources. */
  head: CatalogHead
  prepared: Prepared[]
}
export type CatalogHead = Omit<Catalog, 'resources'>

/** What stands beside catalog.json: that this agent's schemas have read just that file, and its digest. Doing both again is half of a cold run. */
const Note = z.strictObject({ file: z.string(), agent: z.string(), digest: Sha256 })

/** The code of types that catalogs have brought, the newest of each. */
const BroughtTypes = z.record(z.string(), BlobRef)

/** The catalog on disk: where it comes from at every run, so that the agent converges without a server. */
export class KeptCatalog {
  readonly #path: string
  readonly #notePath: string
  readonly #typesPath: string
  readonly #blobs: Blobs
  readonly #own: ResourceTypes
  readonly #version: string
  /** The agent's own, and as soon as the catalog was read those that it or one before it brought: who made a thing must be there to take it away. */
  readonly types: ResourceTypes
  #known: { file: string; catalog: PreparedCatalog | undefined } | undefined

  constructor(state: State, types: ResourceTypes, blobs: Blobs, version: string) {
    this.#path = state.path('catalog.json')
    this.#notePath = state.path('catalog.note.json')
    this.#typesPath = state.path('types.json')
    this.#own = types
    this.types = Object.create(types)
    this.#blobs = blobs
    this.#version = version
  }

  get isThere() {
    return this.#file() !== undefined
  }

  /** Undefined where there is none, or where it can no longer be read: the server sends it anew. Only what another version of the agent wrote, or what somebody changed, is read by the schemas again. */
  read(): PreparedCatalog | undefined {
    const file = this.#file()
    if (file === undefined) return undefined
    if (this.#known?.file !== file) this.#known = { file, catalog: this.#readAnew() }
    return this.#known.catalog
  }

  write(catalog: Catalog) {
    const brought = this.brought
    const newer = Object.entries(catalog.types ?? {}).filter(([type, { sha256 }]) => brought[type]?.sha256 !== sha256)
    if (newer.length > 0) writeSynced(this.#typesPath, JSON.stringify({ ...brought, ...catalog.types }))
    const prepared = prepare(catalog, this.#typesFor(catalog))
    const readable = prepared.every(({ want }) => !(want instanceof UnreadableProps))
    const resources = prepared.map(({ resource, want }) => ({ ...resource, props: readable ? want : resource.props }))
    writeSynced(this.#path, JSON.stringify({ ...catalog, resources }))
    faultPoint('catalog.written')
    const file = this.#file()
    if (readable && file !== undefined) {
      writeSynced(this.#notePath, JSON.stringify({ file, agent: this.#version, digest: digestOf(catalog) }))
      faultPoint('catalog.noted')
    }
  }

  /** What this very agent has read by its schemas before; undefined where the file is another. */
  readNoted(): PreparedCatalog | undefined {
    const note = readReplaceable(this.#notePath, Note)
    if (!note || note.file !== this.#file() || note.agent !== this.#version) return undefined
    const trusted = readReplaceable(this.#path, z.custom<Catalog>())
    if (!trusted) return undefined
    const prepared = prepare(trusted, this.#typesFor(trusted), 'read already')
    return { digest: note.digest, head: headOf(trusted), prepared }
  }

  #readAnew(): PreparedCatalog | undefined {
    const noted = this.readNoted()
    if (noted) return noted
    const catalog = readReplaceable(this.#path, Catalog)
    if (!catalog) return undefined
    const prepared = prepare(catalog, this.#typesFor(catalog))
    return { digest: digestOf(catalog), head: headOf(catalog), prepared }
  }

  /** Where the code lies of all types that catalogs have brought. */
  get brought(): Record<string, BlobRef> {
    return readReplaceable(this.#typesPath, BroughtTypes) ?? {}
  }

  #typesFor({ types = {} }: Catalog): Record<string, ResourceType | Error> {
    const brought = loadTypes(types, this.#blobs)
    const earlier = Object.entries(this.brought).filter(([name]) => !Object.hasOwn(types, name) && !(name in this.#own))
    const left = loadTypes(Object.fromEntries(earlier), this.#blobs)
    Object.assign(this.types, usable(left), usable(brought))
    // By inheritance, not by copying: our own are loaded one by one, when a catalog names them.
    return Object.assign(Object.create(this.#own), brought)
  }

  // The agent replaces the file by rename, so another content is another inode.
  #file() {
    const stat = statSync(this.#path, { throwIfNoEntry: false })
    return stat && `${stat.ino} ${stat.size} ${stat.mtimeMs}`
  }
}

function usable(types: Record<string, ResourceType | Error>) {
  return Object.fromEntries(Object.entries(types).filter(([, type]) => !(type instanceof Error)))
}

export function headOf(catalog: Catalog): CatalogHead {
  const { resources: _, ...head } = catalog
  return head
}
