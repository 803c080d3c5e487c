import { messageOf } from '../protocol/errors.ts'
import { oneAfterAnother } from './one-after-another.ts'
import { SourceError } from './sources/errors.ts'
import { loadRevision, type Revision } from './sources/revision.ts'
import { hashSources, type SourceDirs } from './sources/files.ts'

/** What a server goes by: the last revision that loaded, and what is wrong with the one on disk, if it did not. */
export interface Revisions {
  current(): Revision | undefined
  /** Each with file and line; empty when what is on disk is in force. */
  errors(): string[]
  loadedAt(): number
  /**
   * Looks at the disk now. Gives whether another revision is in force, or other errors are. Throws what is no fault of the
   * sources, such as a full disk: it is among the errors until this is done again.
   */
  reload(): Promise<boolean>
}

/** `keep` remembers each that comes into force, before it does. */
export function createRevisions(
  dirs: SourceDirs,
  clock: () => number,
  keep: (revision: Revision, at: number) => Promise<void>,
): Revisions {
  let current: Revision | undefined
  let errors: string[] = []
  let loadedAt = 0

  async function load() {
    const before = { id: current?.id, errors: errors.join('\n') }
    try {
      if (current && errors.length === 0 && (await hashSources(dirs)) === current.id) return false
      const revision = await loadRevision(dirs)
      const at = clock()
      await keep(revision, at)
      current = revision
      loadedAt = at
      errors = []
    } catch (error) {
      errors = explained(error)
      if (!(error instanceof SourceError)) throw error
    }
    return current?.id !== before.id || errors.join('\n') !== before.errors
  }

  return {
    current: () => current,
    errors: () => errors,
    loadedAt: () => loadedAt,
    reload: oneAfterAnother(load),
  }
}

/** A folder that cannot be read is among the faults of sources: one that is swapped by rename is away for a moment. */
function explained(error: unknown) {
  if (error instanceof SourceError) return error.errors
  return [`What is on disk is not in force yet, and is tried again: ${messageOf(error)}.`]
}
