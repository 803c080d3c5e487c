import { isUtf8 } from 'node:buffer'
import { sha256 } from '../protocol/catalog.ts'
import { oneAfterAnother } from './one-after-another.ts'
import { SourceError } from './sources/errors.ts'
import { loadRevision, type Revision } from './sources/revision.ts'
import { hashSources, type SourceDirs } from './sources/files.ts'
import type { KeptFile, KeptRevision } from './store/revisions.ts'

/** What a server goes by: the last revision that loaded, and what is wrong with the one on disk, if it did not. */
export interface Revisions {
  current(): Revision | undefined
  /** Each with file and line; empty when what is on disk is in force. */
  errors(): string[]
  loadedAt(): number
  /** Looks at the disk now. Gives whether another revision is in force, or other errors are. */
  reload(): Promise<boolean>
}

type KeepRevision = (revision: KeptRevision) => Promise<void>

/** `keep` is told of each that comes into force. */
export function createRevisions(dirs: SourceDirs, clock: () => number, keep: KeepRevision = async () => {}): Revisions {
  let current: Revision | undefined
  let errors: string[] = []
  let loadedAt = 0

  async function load() {
    const before = { id: current?.id, errors: errors.join('\n') }
    try {
      if (current && errors.length === 0 && (await hashSources(dirs)) === current.id) return false
      current = await loadRevision(dirs)
      loadedAt = clock()
      errors = []
    } catch (error) {
      errors = explained(error)
    }
    if (current && current.id !== before.id) await keep(keptOf(current, loadedAt))
    return current?.id !== before.id || errors.join('\n') !== before.errors
  }

  return {
    current: () => current,
    errors: () => errors,
    loadedAt: () => loadedAt,
    reload: oneAfterAnother(load),
  }
}

/** A folder that cannot be read is among these: one that is swapped by rename is away for a moment. */
function explained(error: unknown) {
  if (error instanceof SourceError) return error.errors
  throw error
}

function keptOf({ id, files }: Revision, at: number): KeptRevision {
  return { id, at, files: Object.fromEntries([...files].map(([path, bytes]) => [path, keptFile(bytes)])) }
}

const longestText = 200_000

function keptFile(bytes: Buffer): KeptFile {
  const isShown = bytes.length <= longestText && isUtf8(bytes)
  return { sha256: sha256(bytes), text: isShown ? bytes.toString() : null }
}
