import type { WantedLease } from '../../protocol/messages.ts'

/** What a node asks for, as long as its connection lasts. */
export interface Want extends WantedLease {
  askedAt: number
  /** Its place among all that ask: the lowest was first. */
  turn: number
}
