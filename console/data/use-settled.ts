import { useEffect, useState } from 'preact/hooks'

const usualMs = 120

/** A value once it has stayed for a moment: what is typed is not asked for letter by letter. */
export function useSettled<Value>(value: Value, ms = usualMs): Value {
  const [settled, setSettled] = useState(value)
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), ms)
    return () => clearTimeout(timer)
  }, [value, ms])
  return settled
}
