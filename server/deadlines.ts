import { untilDone } from './until-done.ts'

/** The longest that a timer of Node.js can wait; longer ones would end at once. */
const longestMs = 2 ** 31 - 1

/** Work to be done at a time of the server's clock, as long as the server runs: what fails then is tried again. */
export function createDeadlines(clock: () => number, failed: (error: unknown) => void) {
  const timers = new Set<NodeJS.Timeout>()
  const overdue = new Set<ReturnType<typeof untilDone>>()
  let isClosed = false

  function at(time: number, work: () => Promise<void>) {
    if (isClosed) return
    const timer = setTimeout(
      () => {
        timers.delete(timer)
        // Timers and the clock may disagree by a millisecond, and a far deadline is waited for in stretches.
        if (clock() < time) at(time, work)
        else begin(work)
      },
      Math.min(Math.max(0, time - clock()), longestMs),
    )
    timer.unref()
    timers.add(timer)
  }

  function begin(work: () => Promise<void>) {
    const doing = untilDone(async () => {
      await work()
      overdue.delete(doing)
    }, failed)
    overdue.add(doing)
    doing.begin()
  }

  return {
    at,
    close() {
      isClosed = true
      for (const timer of timers) clearTimeout(timer)
      for (const doing of overdue) doing.close()
    },
  }
}
