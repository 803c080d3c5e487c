import { statSync } from 'node:fs'
import { z } from 'zod'
import { Catalog, digestOf, Sha256 } from '../protocol/catalog.ts'
import { type Prepared, prepare, type ResourceTypes, UnreadableProps } from './prepare.ts'
import { readReplaceable, type State, writeSynced } from './state.ts'

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

/** The catalog on disk: where it comes from at every run, so that the agent converges without a server. */
export class KeptCatalog {
  readonly #path: string
  readonly #notePath: string
  readonly #types: ResourceTypes
  readonly #version: string
  #known: { file: string; catalog: PreparedCatalog | undefined } | undefined

  constructor(state: State, types: ResourceTypes, version: string) {
    this.#path = state.path('catalog.json')
    this.#notePath = state.path('catalog.note.json')
    this.#types = types
    this.#version = version
  }

  get isThere() {
    return this.#file() !== undefined
  }

  /** Undefined where there is none, or where it can no longer be read: the server sends it anew. Only what another version of the agent wrote, or what somebody changed, is read by the schemas again. */
  read(): PreparedCatalog | undefined {
    const file = this.#file()
    if (file === undefined) return undefined
    if (this.#known?.file !== file) this.#known = { file, catalog: this.#readAnew(file) }
    return this.#known.catalog
  }

  write(catalog: Catalog) {
    const prepared = prepare(catalog, this.#types)
    const readable = prepared.every(({ want }) => !(want instanceof UnreadableProps))
    const resources = prepared.map(({ resource, want }) => ({ ...resource, props: readable ? want : resource.props }))
    writeSynced(this.#path, JSON.stringify({ ...catalog, resources }))
    const file = this.#file()
    if (readable && file !== undefined) {
      writeSynced(this.#notePath, JSON.stringify({ file, agent: this.#version, digest: digestOf(catalog) }))
    }
  }

  #readAnew(file: string): PreparedCatalog | undefined {
    const note = readReplaceable(this.#notePath, Note)
    if (note?.file === file && note.agent === this.#version) {
      const trusted = readReplaceable(this.#path, z.custom<Catalog>())
      return (
        trusted && {
          digest: note.digest,
          head: headOf(trusted),
          prepared: prepare(trusted, this.#types, 'read already'),
        }
      )
    }
    const catalog = readReplaceable(this.#path, Catalog)
    return catalog && { digest: digestOf(catalog), head: headOf(catalog), prepared: prepare(catalog, this.#types) }
  }

  // The agent replaces the file by rename, so another content is another inode.
  #file() {
    const stat = statSync(this.#path, { throwIfNoEntry: false })
    return stat && `${stat.ino} ${stat.size} ${stat.mtimeMs}`
  }
}

export function headOf({ resources: _, ...head }: Catalog): CatalogHead {
  return head
}
