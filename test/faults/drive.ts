import type { Fault, FaultPoint } from '../../resources/fault-points.ts'
import type { Broken } from './invariants.ts'
import type { Ended } from './place.ts'

/** A way for a run to be under way when the fault strikes. */
export interface Scenario {
  name: string
  points: FaultPoint[]
  /** Puts everything back to how it is before that run. */
  begin: () => Promise<void>
  /** That run, in the real program. */
  disturbed: (fault: string) => Promise<Ended>
  /** All that comes after it, and what of the invariants did not hold. */
  aftermath: (ended: Ended) => Promise<Broken[]>
}

/** What came of one fault at one point: how often it struck, once for each time that the point is passed, and what went wrong. */
export interface Driven {
  scenario: string
  point: FaultPoint
  fault: Fault
  struck: number
  broken: Broken[]
}

/** How many passes of one point are struck. */
export type Depth = 'first pass' | 'each pass'

/** Lets the run die at each pass of the point until it passes it no more; then lets it fail at the same. */
export async function drive(
  scenario: Scenario,
  point: FaultPoint,
  { faults, depth }: { faults: readonly Fault[]; depth: Depth },
): Promise<Driven[]> {
  const all: Driven[] = []
  let passes = depth === 'each pass' ? Infinity : 1
  for (const fault of faults) {
    const driven: Driven = { scenario: scenario.name, point, fault, struck: 0, broken: [] }
    while (driven.struck < passes && (await strike(scenario, driven))) driven.struck++
    passes = driven.struck
    all.push(driven)
  }
  return all
}

/** False where the run did not come by there so often. */
async function strike(scenario: Scenario, { point, fault, struck, broken }: Driven) {
  const armed = `${point}:${fault}@${struck + 1}`
  await scenario.begin()
  const ended = await scenario.disturbed(armed)
  if (ended.signal !== 'SIGKILL' && !ended.stderr.includes('TrivetFault')) return false
  for (const [invariant, what] of await scenario.aftermath(ended)) {
    broken.push([invariant, `${armed} while ${scenario.name}: ${what}`])
  }
  return true
}
