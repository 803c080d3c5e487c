import type { RevisionSummary } from '../../protocol/revision.ts'

export type Digests = Record<string, string>

/** A file of the sources: what it holds, if that is text that one reads, and its SHA-256. */
export interface KeptFile {
  sha256: string
  text: string | null
}

/** What tells a revision from another: each file, and the hash of each role, recipe and type with all that it imports. */
export interface RevisionContent {
  files: Record<string, KeptFile>
  roles: Digests
  recipes: Digests
  types: Digests
}

export interface KeptRevision {
  id: string
  at: number
  content: RevisionContent
}

export interface PlacedRevision extends RevisionSummary {
  /** Its place among all. */
  seq: number
}

export interface RevisionFilter {
  role?: string | undefined
  recipe?: string | undefined
  from?: number | undefined
  to?: number | undefined
  sort?: '-at' | 'at'
  /** The place of the last one of the page before. */
  after?: number | undefined
  limit: number
}

export interface RevisionStore {
  /** Nothing happens where the newest one is that. */
  keepRevision(revision: RevisionSummary, content: RevisionContent): Promise<void>
  /** Newest first; of no more than the newest two it is known what is in them. */
  lastRevisions(): Promise<KeptRevision[]>
  findRevisions(filter: RevisionFilter): Promise<PlacedRevision[]>
  /** Two at most of those whose id begins so, each as it came into force last. */
  readRevisions(begin: string): Promise<PlacedRevision[]>
}
