import { readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { faultPoint } from '../../resources/fault-points.ts'
import { type BlobRef, type Catalog, type CatalogResource, sha256 } from '../../protocol/catalog.ts'
import { isRecord } from '../../protocol/is-record.ts'
import { makeFolder } from './state.ts'

const remedy = 'the next connection to the server brings it anew'

/** Bytes on disk under their hash: `blobs/ab/abcdef…`. A blob that no longer fits its hash counts as missing. */
export function blobsIn(dir: string) {
  const pathOf = (hash: string) => join(dir, hash.slice(0, 2), hash)

  return {
    has: (hash: string) => isFile(pathOf(hash)),

    read({ sha256: hash }: Pick<BlobRef, 'sha256'>) {
      if (!isFile(pathOf(hash))) throw new Error(`blob ${hash} is missing on this node; ${remedy}`)
      const bytes = readFileSync(pathOf(hash))
      if (sha256(bytes) === hash) return bytes
      rmSync(pathOf(hash))
      throw new Error(`blob ${hash} was damaged on disk and is removed; ${remedy}`)
    },

    /** Refuses bytes that are not what the hash says. */
    write(hash: string, bytes: Buffer) {
      if (sha256(bytes) !== hash)
        throw new Error(`bytes for blob ${hash} hash to ${sha256(bytes)}: changed on their way`)
      const path = pathOf(hash)
      for (const folder of [dir, dirname(path)]) makeFolder(folder)
      rmSync(`${path}.new`, { force: true, recursive: true })
      if (!isFile(path)) rmSync(path, { force: true, recursive: true })
      writeFileSync(`${path}.new`, bytes, { mode: 0o600 })
      faultPoint('blob.written')
      renameSync(`${path}.new`, path)
      faultPoint('blob.renamed')
    },

    /** Removes what none of `keep` names and has not been touched since `before` (ms since 1970). */
    prune(keep: Pick<Set<string>, 'has'>, before: number) {
      for (const folder of foldersIn(dir)) {
        for (const hash of readdirSync(folder)) {
          const path = join(folder, hash)
          if (!keep.has(hash) && statSync(path).mtimeMs < before) rmSync(path, { recursive: true })
        }
      }
    },
  }
}
function isFile(path: string) {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false
}

function foldersIn(dir: string) {
  if (!statSync(dir, { throwIfNoEntry: false })?.isDirectory()) return []
  const entries = readdirSync(dir, { withFileTypes: true })
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(dir, name))
}

export type Blobs = ReturnType<typeof blobsIn>

/** Every blob that the resources refer to, and the code of their types, with its size. */
export function blobsOf(resources: Pick<CatalogResource, 'props'>[], types: Catalog['types']): Map<string, number> {
  const found = new Map(Object.values(types ?? {}).map(({ sha256: hash, bytes }) => [hash, bytes]))
  for (const { props } of resources) {
    for (const value of Object.values(props))
      for (const { sha256: hash, bytes } of refsIn(value)) found.set(hash, bytes)
  }
  return found
}

/** A prop is a blob, or a map of them, as the content of a directory. */
function refsIn(value: unknown) {
  if (isBlobRef(value)) return [value]
  return isRecord(value) ? Object.values(value).filter(isBlobRef) : []
}

function isBlobRef(value: unknown): value is BlobRef {
  return typeof value === 'object' && value !== null && 'sha256' in value && 'bytes' in value
}
