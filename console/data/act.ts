import { useState } from 'preact/hooks'
import type { Failure } from './client.ts'
import { say } from './notes.ts'
import { asFailure } from './use-call.ts'

/** A write, with whether it is under way and why it failed. */
export function useAct<Args extends unknown[]>(act: (...args: Args) => Promise<unknown>) {
  const [busy, setBusy] = useState(false)
  const [failure, setFailure] = useState<Failure>()
  const run = async (...args: Args) => {
    setBusy(true)
    setFailure(undefined)
    try {
      await act(...args)
      return true
    } catch (error) {
      const why = asFailure(error)
      setFailure(why)
      say(why.message, 'failed')
      return false
    } finally {
      setBusy(false)
    }
  }
  return { run, busy, failure, forget: () => setFailure(undefined) }
}
