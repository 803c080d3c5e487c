/** Does the work at most once at a time, and once more for all who asked meanwhile: they share its result. */
export function oneAfterAnother<Result>(work: () => Promise<Result>) {
  let last: Promise<unknown> = Promise.resolve()
  let queued: Promise<Result> | undefined
  return () => {
    queued ??= last.then(() => {
      queued = undefined
      return work()
    })
    // Whoever asked for this one hears of its failure; the next has its own.
    last = queued.catch(() => undefined)
    return queued
  }
}
