/** Does the work at once, and for all that ask within `everyMs` after that once more, at the end of it. */
export function throttled(work: () => void, everyMs: number) {
  let lastAt = -Infinity
  let isDue = false
  return () => {
    if (isDue) return
    const wait = lastAt + everyMs - performance.now()
    const begin = () => {
      isDue = false
      lastAt = performance.now()
      work()
    }
    if (wait <= 0) return begin()
    isDue = true
    setTimeout(begin, wait).unref()
  }
}
