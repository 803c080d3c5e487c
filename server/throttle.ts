/** Counts failures by address within a minute, so that guessing and broken scripts cost little. */
export function createThrottle(clock: () => number, limit = 30, windowMs = 60_000) {
  const failures = new Map<string, number>()
  let until = 0
  return {
    /** Takes note of a failure; true when there were too many. */
    failed(address: string) {
      if (clock() >= until) {
        failures.clear()
        until = clock() + windowMs
      }
      const count = (failures.get(address) ?? 0) + 1
      failures.set(address, count)
      return count > limit
    },
  }
}
export type Throttle = ReturnType<typeof createThrottle>
