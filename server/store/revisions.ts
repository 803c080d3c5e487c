/** A file of the sources: what it holds, if that is text that one reads, and its SHA-256. */
export interface KeptFile {
  sha256: string
  text: string | null
}

/** Recipes and roles as they were in force from some time on. */
export interface KeptRevision {
  id: string
  at: number
  files: Record<string, KeptFile>
}

export interface RevisionStore {
  /** Nothing happens where the newest one is that; only the newest two are kept. */
  keepRevision(revision: KeptRevision): Promise<void>
  /** Newest first. */
  lastRevisions(): Promise<KeptRevision[]>
}
