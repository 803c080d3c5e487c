const firstPauseMs = 1000
const longestPauseMs = 60_000

/** Work that must be done once it can be: its failure is told, and it is tried again, after longer and longer pauses. */
export function untilDone(work: () => Promise<unknown>, failed: (error: unknown) => void) {
  let timer: NodeJS.Timeout | undefined
  let isClosed = false

  function attempt(pauseMs: number) {
    work().catch((error: unknown) => {
      failed(error)
      clearTimeout(timer)
      if (isClosed) return
      timer = setTimeout(() => attempt(Math.min(2 * pauseMs, longestPauseMs)), pauseMs)
      timer.unref()
    })
  }

  return {
    /** Tries at once, and with short pauses again. */
    begin() {
      clearTimeout(timer)
      if (!isClosed) attempt(firstPauseMs)
    },
    close() {
      isClosed = true
      clearTimeout(timer)
    },
  }
}
