/** What desired state is of. */
export interface Subject {
  scope: 'node' | 'cluster'
  /** A node's id or a cluster's name. */
  subject: string
}

/** A write that was to be made only if nothing was written since, and something was. */
export class StaleWrite extends Error {
  override name = 'StaleWrite'
  /** Of the last write. */
  readonly revision: number

  constructor(revision: number) {
    super(`it was written since: it is at revision ${revision} now`)
    this.revision = revision
  }
}
