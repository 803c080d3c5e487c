import assert from 'node:assert/strict'
import { before as beforeAll, test } from 'node:test'
import * as fc from 'fast-check'
import { messageOf } from '../../protocol/errors.ts'
import { acceptance } from '../helpers/acceptance.ts'
import { checkCase } from '../helpers/plans/check-case.ts'
import { anyCase, type Case } from '../helpers/plans/generate.ts'
import { makeReady } from '../helpers/plans/machine.ts'

/** `PLAN_SEED=7` tries just the case of that seed, `PLAN_CASES=500` so many that were never tried before. */
const { PLAN_SEED, PLAN_CASES } = process.env
/** Tried by default: the first few of which a plan once told a lie, the others as they come. A lie that is found elsewhere belongs among them. */
const known = [2, 3, 2016, 794421034, ...Array.from({ length: 15 }, (_, at) => 101 + at)]
const seeds =
  PLAN_SEED !== undefined ? [Number(PLAN_SEED)] : PLAN_CASES !== undefined ? freshSeeds(Number(PLAN_CASES)) : known
/** Of all resources, for a plan that says unknown of everything would never lie: a quarter of 80 cases together, a third of some eight. */
const mostUnknown = 0.5
/** Too few cases tell no share. */
const fewest = 10

acceptance('plans', { sideBySide: true }, (machine) => {
  beforeAll(() => makeReady(machine().node))

  test(`plans do not lie: seeds ${seeds.join(' ')}`, async (t) => {
    const lies: string[] = []
    let [resources, unknown] = [0, 0]
    for (const seed of seeds) {
      const given = caseOf(seed)
      try {
        const said = await checkCase(machine().node, given)
        resources += said.resources
        unknown += said.unknown
      } catch (error) {
        lies.push(tell(seed, given, error))
      }
    }
    t.diagnostic(`${seeds.length} cases, ${resources} resources, of which plans said unknown of ${unknown}`)
    assert.equal(lies.length, 0, lies.join('\n\n'))
    if (seeds.length >= fewest) assert(unknown <= mostUnknown * resources, 'plans say too often that they do not know')
  })
})

function freshSeeds(count: number) {
  const first = Math.floor(Math.random() * 1_000_000) * 1000
  return Array.from({ length: count }, (_, at) => first + at)
}

function caseOf(seed: number): Case {
  const [found] = fc.sample(anyCase, { seed, numRuns: 1 })
  assert(found)
  return found
}

function tell(seed: number, { state, before, resources }: Case, error: unknown) {
  return [
    `A plan lied. Again: PLAN_SEED=${seed} npm run e2e plans`,
    ...state.map((line) => `  $ ${line}`),
    ...(before.length > 0 ? ['  converged to', ...before.map((one) => `  ${JSON.stringify(one)}`), '  and then'] : []),
    ...resources.map((one) => `  ${JSON.stringify(one)}`),
    messageOf(error),
  ].join('\n')
}
