/** What a store may forget with time. */
export const forgettable = ['runs', 'events', 'orders', 'revisions', 'deliveries', 'audit'] as const
export type Forgettable = (typeof forgettable)[number]

/** What is to be kept of a kind: both must hold. */
export interface Keep {
  /** What came before then goes. */
  since?: number | undefined
  /** None but the newest so many; of events, those of the newest so many runs. */
  newest?: number | undefined
}

export interface RetentionStore {
  /**
   * Forgets what is not to be kept, oldest first by when the server learnt of it, and stops after about so many milliseconds:
   * the next call goes on from there, until `isDone`. What stays in any case: the last run of a node, the runs of an order
   * that is under way, and the events of both; an order that is under way; the newest two revisions, and those that were in
   * force when the last run of a node began or an order that is under way was given; a delivery that is still to be made; the
   * newest audit row. A revision's age is counted from when another came in its place.
   */
  forget(kind: Forgettable, keep: Keep, forMs: number): Promise<{ forgotten: number; isDone: boolean }>
}
