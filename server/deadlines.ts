/** The longest that a timer of Node.js can wait; longer ones would end at once. */
const longestMs = 2 ** 31 - 1

/** Work to be done at a time of the server's clock, as long as the server runs. */
export function createDeadlines(clock: () => number, failed: (error: unknown) => void) {
  const timers = new Set<NodeJS.Timeout>()
  let isClosed = false

  function at(time: number, work: () => Promise<void>) {
    if (isClosed) return
    const timer = setTimeout(
      () => {
        timers.delete(timer)
        // Timers and the clock may disagree by a millisecond, and a far deadline is waited for in stretches.
        if (clock() < time) at(time, work)
        else work().catch(failed)
      },
      Math.min(Math.max(0, time - clock()), longestMs),
    )
    timer.unref()
    timers.add(timer)
  }

  return {
    at,
    close() {
      isClosed = true
      for (const timer of timers) clearTimeout(timer)
    },
  }
}
