import type { Bar } from './days.ts'
import { stacked, sumOf } from './days.ts'

export interface Cell {
  at: number
  count: number
  failed: number
  /** 0 for none to 4 for the most of all hours. */
  warmth: 0 | 1 | 2 | 3 | 4
  /** `12 unchanged, 1 failed`. */
  outcomes: string
}

export interface Day {
  at: number
  hours: Cell[]
}

const hourMs = 3_600_000
const dayMs = 24 * hourMs

/** The days up to now, each with its hours by the browser's clock. */
export function heatOf(bars: Bar[], days: number, now: number): Day[] {
  const byHour = new Map(bars.map((bar) => [bar.at, bar]))
  const most = Math.max(1, ...bars.map(sumOf))
  const today = new Date(now).setHours(0, 0, 0, 0)
  return Array.from({ length: days }, (_day, back) => {
    const at = new Date(today - (days - 1 - back) * dayMs + dayMs / 2).setHours(0, 0, 0, 0)
    return { at, hours: Array.from({ length: 24 }, (_hour, hour) => cellOf(at + hour * hourMs, byHour, most)) }
  })
}

function cellOf(at: number, byHour: Map<number, Bar>, most: number): Cell {
  const bar = byHour.get(at)
  if (!bar) return { at, count: 0, failed: 0, warmth: 0, outcomes: '' }
  const count = sumOf(bar)
  const failed = (bar.counts.failed ?? 0) + (bar.counts.interrupted ?? 0)
  const part = count / most
  const warmth = part > 0.75 ? 4 : part > 0.5 ? 3 : part > 0.25 ? 2 : count > 0 ? 1 : 0
  const there = stacked.filter((outcome) => bar.counts[outcome])
  return { at, count, failed, warmth, outcomes: there.map((outcome) => `${bar.counts[outcome]} ${outcome}`).join(', ') }
}
