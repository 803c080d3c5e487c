import { useLayoutEffect, useState } from 'preact/hooks'

/** A value that pages show, and show anew when it changes. */
export function signal<Value>(first: Value) {
  let value = first
  const watchers = new Set<() => void>()
  return {
    get: () => value,
    set(next: Value) {
      if (Object.is(next, value)) return
      value = next
      for (const watcher of watchers) watcher()
    },
    watch(watcher: () => void) {
      watchers.add(watcher)
      return () => void watchers.delete(watcher)
    },
  }
}
export type Signal<Value> = ReturnType<typeof signal<Value>>

export function useSignal<Value>(source: Signal<Value>): Value {
  const [, redraw] = useState(0)
  const value = source.get()
  useLayoutEffect(() => {
    const update = () => redraw((count) => count + 1)
    // Between being drawn and being watched it may have changed.
    if (!Object.is(source.get(), value)) update()
    return source.watch(update)
  }, [source])
  return value
}
