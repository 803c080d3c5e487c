import type { NodeSummary, Stance, Stances } from '../protocol/views.ts'
import { paintWord, type Paint } from './paint.ts'
import { clockTime, relative } from './time.ts'

/** `changed, disabled`: how the node stands, and what holds it back. */
export function stateText({ state, audit, disabled }: NodeSummary, paint: Paint) {
  const words = [state, ...(disabled ? ['disabled'] : []), ...(audit ? ['audit'] : [])]
  return words.map((word) => paintWord(paint, word)).join(', ')
}

/** What holds the node back, by name, in words. */
export function stanceTexts({ audit, disabled }: Stances, now: number) {
  return { disabled: disabled ? wordsOf(disabled, now) : null, audit: audit ? wordsOf(audit, now) : null }
}

/** `by ann, 5m ago, until 2026-12-01 18:00:00 (in 2h): a broken disk` */
function wordsOf({ reason, by, at, until }: Stance, now: number) {
  const end = until === undefined ? '' : `, until ${clockTime(until)} (${relative(until, now)})`
  return `by ${by}, ${relative(at, now)}${end}: ${reason}`
}
