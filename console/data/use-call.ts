import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import type { z } from 'zod'
import type { Endpoint } from '../../protocol/api/endpoint.ts'
import { maxPage, type Page } from '../../protocol/api/page.ts'
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
  options: Options = {},
): Called<z.output<Out>> {
  return useAnswer(keyOf(endpoint, input), (signal) => call(endpoint, input, signal), options)
}

/** The items of a list: so many as the input limits it to, or all. */
export function useList<In extends z.ZodType, Item>(
  endpoint: Endpoint<In, z.ZodType<Page<Item>>>,
  input: z.input<In> & { limit?: unknown },
  options: Options = {},
): Called<Item[]> {
  return useAnswer(keyOf(endpoint, input), (signal) => readList(endpoint, input, signal), options)
}

function keyOf(endpoint: Endpoint, input: object) {
  return `${endpoint.path} ${JSON.stringify(input)}`
}

async function readList<In extends z.ZodType, Item>(
  endpoint: Endpoint<In, z.ZodType<Page<Item>>>,
  input: z.input<In> & { limit?: unknown },
  signal: AbortSignal,
) {
  const items: Item[] = []
  for (let after: string | null | undefined; after !== null;) {
    const page: Page<Item> = await call(
      endpoint,
      { limit: maxPage, ...input, ...(after !== undefined && { after }) },
      signal,
    )
    items.push(...page.items)
    after = input.limit === undefined ? page.next : null
  }
  return items
}

function useAnswer<Value>(
  key: string,
  ask: (signal: AbortSignal) => Promise<Value>,
  { every, when = true }: Options,
): Called<Value> {
  const [state, setState] = useState<State<Value>>(() => ({ ...nothing, key }))
  const [turn, setTurn] = useState(0)
  const asked = useRef(ask)
  asked.current = ask
  useEffect(() => {
    if (!when) return undefined
    const abort = new AbortController()
    setState((before) => ({ ...before, loading: true }))
    asked.current(abort.signal).then(
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
