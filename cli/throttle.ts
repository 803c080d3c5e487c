/** Calls at most once in `everyMs`: the first call at once, later ones together when the time is over. `flush` does what is due now. */
export function makeThrottle(everyMs: number, act: () => void) {
  let timer: NodeJS.Timeout | undefined
  let due = false

  const fire = () => {
    due = false
    act()
  }
  const call = () => {
    due = true
    if (timer) return
    fire()
    timer = setTimeout(() => {
      timer = undefined
      if (due) call()
    }, everyMs)
  }
  const flush = () => {
    clearTimeout(timer)
    timer = undefined
    if (due) fire()
  }
  return Object.assign(call, { flush })
}
