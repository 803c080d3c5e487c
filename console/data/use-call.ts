import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import type { z } from 'zod'
import type { Endpoint } from '../../protocol/api/endpoint.ts'
import type { FeedEvent } from '../../protocol/api/feed.ts'
import { maxPage, type Page } from '../../protocol/api/page.ts'
import { call, Failure } from './client.ts'
import { listen, standing } from './feed.ts'
import { useSignal } from './signal.ts'

export interface Called<Value> {
  value: Value | undefined
  failure: Failure | undefined
  /** What is there is not yet what this input asks for. */
  loading: boolean
  reload: () => void
}

interface Options {
  /** Asked again when this says of something that happens that it changes the answer. */
  live?: ((event: FeedEvent) => boolean) | undefined
  /** For at least so long after something happened it is not asked again, since more is likely to follow. */
  settleMs?: number
  /** Asked again after so many milliseconds, while the page is seen: for what the feed does not tell. */
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

export async function readList<In extends z.ZodType, Item>(
  endpoint: Endpoint<In, z.ZodType<Page<Item>>>,
  input: z.input<In> & { limit?: unknown },
  signal?: AbortSignal,
) {
  let items: Item[] = []
  for (let after: string | null | undefined; after !== null;) {
    const page: Page<Item> = await call(
      endpoint,
      { limit: maxPage, ...input, ...(after !== undefined && { after }) },
      signal,
    )
    items = [...items, ...page.items]
    after = input.limit === undefined ? page.next : null
  }
  return items
}

type Ask<Value> = (signal: AbortSignal) => Promise<Value>

function useAnswer<Value>(key: string, ask: Ask<Value>, options: Options): Called<Value> {
  const [state, setState] = useState<State<Value>>(() => ({ ...nothing, key }))
  const [turn, setTurn] = useState(0)
  const { state: feed } = useSignal(standing)
  const when = options.when !== false && !(options.live && feed === 'opening')
  const asked = useRef(ask)
  asked.current = ask
  // Whoever asks again while an answer is on its way gets it, and asks then: of a slow server more would come to nothing.
  const isAsking = useRef(false)
  const isStale = useRef(false)
  useEffect(() => {
    if (!when) return undefined
    const abort = new AbortController()
    isAsking.current = true
    isStale.current = false
    setState((before) => ({ ...before, loading: true }))
    function settle(next: (before: State<Value>) => State<Value>) {
      if (abort.signal.aborted) return
      isAsking.current = false
      setState(next)
      if (isStale.current) setTurn((count) => count + 1)
    }
    asked.current(abort.signal).then(
      (value) => settle(() => ({ key, value, failure: undefined, loading: false })),
      (error: unknown) => settle((before) => ({ ...before, key, failure: asFailure(error), loading: false })),
    )
    return () => abort.abort()
  }, [key, turn, when])
  const reload = useCallback(() => {
    isStale.current = true
    if (!isAsking.current) setTurn((count) => count + 1)
  }, [])
  useAgain(options, feed === 'cut', reload)
  const { value, failure, loading } = state
  return { value, failure, loading: loading || state.key !== key, reload }
}

/** Without the feed, what lives by it is asked for instead. */
const insteadMs = 10_000
const usualSettleMs = 300

function useAgain({ live, settleMs = usualSettleMs, every }: Options, isCut: boolean, reload: () => void) {
  const isAbout = useRef(live)
  isAbout.current = live
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    function soon() {
      timer = undefined
      reload()
    }
    const stop = listen((event) => {
      const isNews = event.type === 'reset' || isAbout.current?.(event)
      if (isAbout.current && isNews) timer ??= setTimeout(soon, settleMs)
    })
    return () => {
      stop()
      clearTimeout(timer)
    }
  }, [reload, settleMs])
  useEvery(live && isCut ? Math.min(insteadMs, every ?? insteadMs) : every, reload)
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
