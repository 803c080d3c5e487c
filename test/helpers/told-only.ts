import assert from 'node:assert/strict'
import type { Report } from '../../protocol/events.ts'
import { told } from './acceptance.ts'

/** What became of the one resource that was not unchanged: `mount[/mnt] failed: …`. */
export function toldOnly({ events }: Report) {
  const lines = events.map(told)
  assert.equal(lines.length, 1, lines.join('\n') || 'nothing happened')
  return lines.join('')
}
