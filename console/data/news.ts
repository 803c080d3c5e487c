import { useEffect, useState } from 'preact/hooks'
import type { FeedEvent } from '../../protocol/api/feed.ts'
import { listen, standing } from './feed.ts'
import { useSignal } from './signal.ts'

const togetherMs = 150

/**
 * What the feed tells of each thing of a list, newest of each, so that the list need not be read again. What was told is newer
 * than what was read, until the feed begins anew or is cut: then what is read is.
 */
export function useNews<Value>(pick: (event: FeedEvent) => [string, Value] | undefined): ReadonlyMap<string, Value> {
  const [news, setNews] = useState<ReadonlyMap<string, Value>>(new Map())
  const { state } = useSignal(standing)
  useEffect(() => {
    if (state !== 'live') return undefined
    let told = new Map<string, Value>()
    let timer: ReturnType<typeof setTimeout> | undefined
    function show() {
      timer = undefined
      const shown = told
      told = new Map()
      setNews((before) => new Map([...before, ...shown]))
    }
    const stop = listen((event) => {
      if (event.type === 'reset') setNews(new Map())
      const one = pick(event)
      if (!one) return
      told.set(...one)
      timer ??= setTimeout(show, togetherMs)
    })
    return () => {
      stop()
      clearTimeout(timer)
      setNews(new Map())
    }
  }, [state])
  return news
}
