import { useRef } from 'preact/hooks'

/**
 * A key for what is to happen once: the same for as long as the same is asked for, so that a second press, or another try
 * after no answer came, gives no second order. `renew` is for when somebody means it anew.
 */
export function useOnce() {
  const kept = useRef<{ asked: string; key: string } | undefined>(undefined)
  return {
    keyFor(input: object) {
      const asked = JSON.stringify(input)
      if (kept.current?.asked !== asked) kept.current = { asked, key: crypto.randomUUID() }
      return kept.current.key
    },
    renew() {
      kept.current = undefined
    },
  }
}
