import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import type { z } from 'zod'
import type { Endpoint } from '../../protocol/api/endpoint.ts'
import { call, Failure } from './client.ts'

export interface Called<Value> {
  value: Value | undefined
  failure: Failure | undefined
  loading: boolean
  reload: () => void
}

interface Options {
  /** Asked again after so many milliseconds, while the page is seen. */
  every?: number | undefined
  /** Not asked while this is false. */
  when?: boolean
}

interface State<Value> {
  key: string
  value: Value | undefined
  failure: Failure | undefined
  loading: boolean
}

/** What a call answers, asked anew when the input changes. What was there stays until there is something newer. */
export function useCall<In extends z.ZodType, Out extends z.ZodType>(
  endpoint: Endpoint<In, Out>,
  input: z.input<In> & object,
  { every, when = true }: Options = {},
): Called<z.output<Out>> {
  const key = `${endpoint.path} ${JSON.stringify(input)}`
  const [state, setState] = useState<State<z.output<Out>>>(() => ({ ...nothing, key }))
  const [turn, setTurn] = useState(0)
  const asked = useRef({ endpoint, input })
  asked.current = { endpoint, input }
  useEffect(() => {
    if (!when) return undefined
    const abort = new AbortController()
    setState((before) => ({ ...before, loading: true }))
    call(asked.current.endpoint, asked.current.input, abort.signal).then(
      (value) => setState({ key, value, failure: undefined, loading: false }),
      (error: unknown) => {
        if (abort.signal.aborted) return
        setState((before) => ({ ...before, key, failure: asFailure(error), loading: false }))
      },
    )
    return () => abort.abort()
  }, [key, turn, when])
  const reload = useCallback(() => setTurn((count) => count + 1), [])
  useEvery(every, reload)
  return { value: state.value, failure: state.failure, loading: state.loading, reload }
}

const nothing = { value: undefined, failure: undefined, loading: true }

export function asFailure(error: unknown) {
  if (error instanceof Failure) return error
  return new Failure(error instanceof Error ? error.message : String(error), 'unknown')
}

function useEvery(ms: number | undefined, act: () => void) {
  useEffect(() => {
    if (ms === undefined) return undefined
    const timer = setInterval(() => document.hidden || act(), ms)
    return () => clearInterval(timer)
  }, [ms, act])
}
