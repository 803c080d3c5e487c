/** Counts refusals by address within a minute, so that guessing and broken scripts cost little. */
export function createRefusals(clock: () => number, limit = 30, windowMs = 60_000) {
  const refused = new Map<string, number>()
  let until = 0
  return {
    /** Takes note of one more; whether that is too many. */
    exceed(address: string) {
      if (clock() >= until) {
        refused.clear()
        until = clock() + windowMs
      }
      const count = (refused.get(address) ?? 0) + 1
      refused.set(address, count)
      return count > limit
    },
  }
}
export type Refusals = ReturnType<typeof createRefusals>
