import { parseArgs } from 'node:util'
import { faultPoints } from '../../resources/fault-points.ts'
import { driveAll, everything, unreached, type Wanted } from './all.ts'
import type { Driven } from './drive.ts'
import { tableOf } from './table.ts'

/**
 * `npm run test:faults [-- --first-pass] [POINT...]`: lets the real agent die, run out of space and meet a broken disk at each fault point, each
 * time that it is passed, and prints what of the invariants held. A word that ends in a dot names all points that begin so.
 */
const { values, positionals } = parseArgs({
  options: { 'first-pass': { type: 'boolean', default: false } },
  allowPositionals: true,
})
const isNamed = (point: string) =>
  positionals.some((word) => point === word || (word.endsWith('.') && point.startsWith(word)))
const wanted: Wanted = {
  ...everything,
  depth: values['first-pass'] ? 'first pass' : 'each pass',
  isWanted: (point) => positionals.length === 0 || isNamed(point),
}

async function main() {
  if (process.getuid?.() !== 0) return refuse('It needs root: what it drives gives files to other users.')
  if (!faultPoints.some(wanted.isWanted)) return refuse(`There is no such point. There are: ${faultPoints.join(', ')}`)
  const startedAt = performance.now()
  const driven = await driveAll(wanted, tell)
  const missed = unreached(driven, wanted)
  const struck = driven.reduce((sum, one) => sum + one.struck, 0)
  const broken = driven.flatMap((one) => one.broken)
  for (const line of tableOf(driven, wanted.faults)) console.log(line)
  for (const [invariant, what] of broken) console.log(`BROKEN ${invariant}: ${what}`)
  for (const point of missed) console.log(`NEVER REACHED: ${point}`)
  const seconds = Math.round((performance.now() - startedAt) / 1000)
  console.log(
    `\n${struck} faults at ${faultPoints.filter(wanted.isWanted).length} points in ${seconds} s: ${broken.length} broken`,
  )
  process.exitCode = broken.length + missed.length > 0 ? 1 : 0
}

function tell(driven: Driven[]) {
  const [{ scenario, point } = { scenario: '', point: '' }] = driven
  const counts = driven.map(({ fault, struck, broken }) => `${fault} ${struck}${broken.length > 0 ? ' BROKEN' : ''}`)
  console.error(`${point} while ${scenario}: ${counts.join(', ')}`)
}

function refuse(why: string) {
  console.error(why)
  process.exitCode = 2
}

void main()
