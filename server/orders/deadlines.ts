/** Work to be done at a time of the server's clock, as long as the server runs. */
export function createDeadlines(clock: () => number, failed: (error: unknown) => void) {
  const timers = new Set<NodeJS.Timeout>()
  return {
    at(time: number, work: () => Promise<void>) {
      const timer = setTimeout(
        () => {
          timers.delete(timer)
          work().catch(failed)
        },
        Math.max(0, time - clock()),
      )
      timer.unref()
      timers.add(timer)
    },
    close() {
      for (const timer of timers) clearTimeout(timer)
    },
  }
}
