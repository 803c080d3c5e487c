import { listen } from './feed.ts'
import { type AllProgress, progressAfter } from './progress.ts'
import { signal, useSignal } from './signal.ts'

const underWay = signal<AllProgress>(new Map())

/** Keeps what the feed tells of runs under way, whichever page is shown. Gives back how to stop. */
export function keepProgress() {
  return listen((event) => underWay.set(progressAfter(underWay.get(), event)))
}

export function useProgress() {
  return useSignal(underWay)
}

/** The run that the node makes just now. */
export function useRunOf(node: string) {
  return [...useProgress().values()].find((one) => one.node === node && !one.isOver)
}
