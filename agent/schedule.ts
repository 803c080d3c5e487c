import { createHash } from 'node:crypto'
import type { Policy } from '../protocol/catalog.ts'
import { nextOpening } from './runs/window.ts'

/** What a timer of Node.js can wait at most; it would fire at once for more. */
const longestTimerMs = 2 ** 31 - 1
/** Timers and clocks are not so exact that a window is surely open at its very first moment. */
const leastSplayMs = 1000

export interface ScheduleOptions {
  node: string
  intervalMs: () => number
  turn: () => void
}

/** When the agent converges by itself: once an interval, and in each window, however short. */
export class Schedule {
  readonly #options: ScheduleOptions
  #turn: NodeJS.Timeout | undefined
  #opening: NodeJS.Timeout | undefined

  constructor(options: ScheduleOptions) {
    this.#options = options
  }

  /** After a turn the next one is at least half an interval away: else it could seem to be now. */
  begin(afterTurn = false) {
    clearTimeout(this.#turn)
    const { node, turn } = this.#options
    const intervalMs = this.#options.intervalMs()
    const restMs = afterTurn ? intervalMs / 2 : 0
    const waitMs = restMs + untilNext(Date.now() + restMs, intervalMs, node)
    const taken = () => {
      turn()
      this.begin(true)
    }
    this.#turn = setTimeout(taken, Math.min(waitMs, longestTimerMs))
  }

  /** From now on there is also a turn in each window of these. */
  async follow(policies: Record<string, Policy> = {}) {
    const { node, turn } = this.#options
    const waitMs = await untilWindow(policies, Date.now(), this.#options.intervalMs(), node)
    clearTimeout(this.#opening)
    if (waitMs === undefined) return
    // A run looks anew when the next one is.
    this.#opening = setTimeout(turn, Math.min(waitMs, longestTimerMs))
  }

  close() {
    clearTimeout(this.#turn)
    clearTimeout(this.#opening)
  }
}

/** Milliseconds until the node's next turn: once an interval, at a moment that its name decides, so that a fleet spreads evenly. */
export function untilNext(now: number, intervalMs: number, node: string) {
  const splayMs = splayOf(node, intervalMs)
  return intervalMs - ((((now - splayMs) % intervalMs) + intervalMs) % intervalMs)
}

/** Milliseconds until the node's turn in the window that is next; it is in the first half of it, and the fleet spread as over an interval. */
export async function untilWindow(policies: Record<string, Policy>, now: number, intervalMs: number, node: string) {
  const windows = Object.values(policies).flatMap(({ window }) => window ?? [])
  const turns = windows.map(async (window) => {
    const splayMs = Math.max(leastSplayMs, splayOf(node, Math.min(intervalMs, window.minutes * 30_000)))
    const opening = await nextOpening(window, now - splayMs)
    return opening === undefined ? [] : [opening + splayMs - now]
  })
  const waits = (await Promise.all(turns)).flat()
  return waits.length === 0 ? undefined : Math.max(leastSplayMs, Math.min(...waits))
}

function splayOf(node: string, ms: number) {
  return createHash('sha256').update(node).digest().readUInt32BE() % ms
}
