import { useMemo } from 'preact/hooks'

/**
 * A key for what is to happen once: the same for as long as the same is asked for, so that a second press, or another try
 * after no answer came, gives no second order. `renew` is for when somebody means it anew.
 */
export function useOnce() {
  return useMemo(() => {
    let kept: { asked: string; key: string } | undefined
    return {
      keyFor: (input: object) => {
        const asked = JSON.stringify(input)
        if (kept?.asked !== asked) kept = { asked, key: crypto.randomUUID() }
        return kept.key
      },
      renew: () => {
        kept = undefined
      },
    }
  }, [])
}
