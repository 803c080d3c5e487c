import { setTimeout as pause } from 'node:timers/promises'
import { messageOf } from '../../protocol/errors.ts'
import { open } from './http.ts'
import type { Marathons } from './marathons.ts'

/** Marathon's heart beats every 10 s. */
const silenceMs = 30_000
const connectMs = 10_000
const longestPauseMs = 30_000

export interface Listener {
  /** Something has changed, or may have: nothing is told again after a stream was lost. */
  changed: (event: string) => void
  /** Connected, or why not. */
  state: (text: string, isConnected: boolean) => void
}

/** Listens to one Marathon after the other until the signal comes. Events tell only that something is to be read. */
export async function listen(marathons: Marathons, { changed, state }: Listener, signal: AbortSignal) {
  let failures = 0
  for (let attempt = 0; !signal.aborted; attempt++) {
    const base = marathons.at(attempt)
    if (!base) return
    try {
      await follow(new URL('/v2/events', base), signal, {
        connected: () => {
          failures = 0
          state(`listens to ${base.host}`, true)
          changed('connected')
        },
        event: changed,
      })
      state(`${base.host} has ended the stream of events`, false)
    } catch (error) {
      if (signal.aborted) return
      state(`${base.host}: ${messageOf(error)}`, false)
    }
    failures++
    const most = Math.min(longestPauseMs, 250 * 2 ** Math.min(failures, 10))
    // Not all bridges at once, when a leader comes back.
    await pause(most / 2 + (Math.random() * most) / 2, undefined, { signal }).catch(() => {})
  }
}

interface Follower {
  connected: () => void
  event: (type: string) => void
}

async function follow(url: URL, signal: AbortSignal, { connected, event }: Follower) {
  const ending = new AbortController()
  const end = () => ending.abort(signal.reason)
  signal.addEventListener('abort', end)
  const watch = (ms: number, why: string) => setTimeout(() => ending.abort(new Error(why)), ms)
  let timer = watch(connectMs, `no answer in ${connectMs} ms`)
  try {
    const answer = await open(url, { headers: { accept: 'text/event-stream' } }, ending.signal)
    connected()
    const scan = eventTypes(event)
    const rewatch = () => {
      clearTimeout(timer)
      timer = watch(silenceMs, `silent for ${silenceMs / 1000} s`)
    }
    rewatch()
    for await (const chunk of answer) {
      rewatch()
      scan(String(chunk))
    }
  } catch (error) {
    throw ending.signal.aborted && ending.signal.reason instanceof Error ? ending.signal.reason : error
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', end)
    ending.abort()
  }
}

/** Takes the stream in pieces, and tells each event's type when the event has ended. Data is passed over, however long it is. */
export function eventTypes(tell: (type: string) => void) {
  let line = ''
  let type: string | undefined
  const ended = () => {
    const text = line.endsWith('\r') ? line.slice(0, -1) : line
    line = ''
    if (text.startsWith('event:')) type = text.slice('event:'.length).trim()
    else if (text.startsWith('data:')) type ??= 'message'
    else if (text === '' && type !== undefined) {
      tell(type)
      type = undefined
    }
  }
  return (piece: string) => {
    const parts = piece.split('\n')
    for (const [index, part] of parts.entries()) {
      if (index > 0) ended()
      line = `${line}${part}`.slice(0, 200)
    }
  }
}
