import { z } from 'zod'
import { isRecord } from '../../protocol/is-record.ts'
import type { Change } from '../../protocol/events.ts'

/** Longer values are cut where they are shown. */
const longest = 200

export const JsonObject = z.record(z.string(), z.json())

/** Told of a place by its path, how to compare it. */
export interface Comparing {
  /** A map that must have no other keys than those wanted. */
  isExact?: (path: string) => boolean
  /** A wanted value that anything fits. */
  isAny?: (path: string, want: unknown) => boolean
}

/**
 * What `is` lacks of `want`: keys that are not wanted may be there, since servers fill in their defaults; lists must have just the wanted
 * elements. `null` is wanted where a key may as well be missing.
 */
export function lackingOf(is: unknown, want: unknown, comparing: Comparing = {}, path = ''): Change[] {
  if (comparing.isAny?.(path, want)) return []
  if (isRecord(want) && isRecord(is)) {
    const extra = comparing.isExact?.(path) ? Object.keys(is).filter((key) => !(key in want)) : []
    return [
      ...Object.entries(want).flatMap(([key, inner]) => lackingOf(is[key], inner, comparing, below(path, key))),
      ...extra.map((key) => ({ what: below(path, key), from: text(is[key]), to: '(nothing)' })),
    ]
  }
  if (Array.isArray(want) && Array.isArray(is) && want.length === is.length)
    return want.flatMap((inner, index) => lackingOf(is[index], inner, comparing, below(path, String(index))))
  if (text(is ?? null) === text(want ?? null)) return []
  return [{ what: path || 'body', from: is === undefined ? null : shown(is), to: shown(want) }]
}

function below(path: string, key: string) {
  return path === '' ? key : `${path}.${key}`
}

function text(value: unknown) {
  return JSON.stringify(value)
}

function shown(value: unknown) {
  const whole = text(value)
  return whole.length > longest ? `${whole.slice(0, longest)}…` : whole
}
