type Check = () => Promise<void>

/** Streams that are open: each ends as soon as who reads it may no more. */
export function createStreams(failed: (error: unknown) => void) {
  const checks = new Set<Check>()
  const checkOne = (check: Check) => void check().catch(failed)
  return {
    checkOne,
    /** Gives back how to check no more. */
    watch(check: Check) {
      checks.add(check)
      return () => void checks.delete(check)
    },
    check() {
      for (const check of checks) checkOne(check)
    },
  }
}
export type Streams = ReturnType<typeof createStreams>
