import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { UpgradeResult } from '../../protocol/upgrade.ts'
import { syncDirectory } from '../../resources/files/write-atomically.ts'
import { makeFolder, readReplaceable, type State, writeSynced } from '../kept/state.ts'

/**
 * What an upgrade is at, on disk before each step that it takes. It is read by another version than wrote it: fields may be added, and none
 * may go or mean another thing.
 */
export const Intent = z.looseObject({
  order: z.string(),
  /** What is to run again where the new one is no good. */
  from: z.looseObject({ slot: z.string(), version: z.string() }),
  to: z.looseObject({ slot: z.string(), version: z.string() }),
  patienceMs: z.number(),
  /** How the node stood before: without a catalog there is no run to be seen, and one that failed may fail again. */
  before: z.looseObject({ hasCatalog: z.boolean(), failing: z.boolean() }),
  phase: z.enum(['switch', 'wait', 'back', 'over']),
  /** Since when the new one has had its time, by the clock that goes on from the start of the machine. */
  waiting: z.looseObject({ boot: z.string(), sinceMs: z.number(), at: z.number() }).optional(),
  /** Why the new one is no good. */
  why: z.string().optional(),
  result: UpgradeResult.optional(),
})
export type Intent = z.infer<typeof Intent>

/** What the new agent says when it is connected and has looked at all that it keeps. */
const Proof = z.looseObject({ order: z.string(), version: z.string() })

/** The files by which the agent that goes, the one that comes and the judge between them tell each other. */
export function upgradeIn(state: State) {
  const [intent, proof] = [state.path('upgrade.json'), state.path('upgrade-proof.json')]
  const results = state.path('upgrades')
  makeFolder(results)
  const resultOf = (order: string) => join(results, `${order}.json`)
  return {
    results,
    readIntent: () => readReplaceable(intent, Intent),
    writeIntent: (next: Intent) => writeSynced(intent, JSON.stringify(next)),
    isProven({ order, to }: Intent) {
      const said = readReplaceable(proof, Proof)
      return said?.order === order && said.version === to.version
    },
    prove: ({ order, to: { version } }: Intent) => writeSynced(proof, JSON.stringify({ order, version })),
    /** First the result, which is told until the server has it; then there is nothing more to be judged. */
    close(result: UpgradeResult) {
      writeSynced(resultOf(result.order), JSON.stringify(result))
      for (const path of [intent, proof]) rmSync(path, { force: true })
      syncDirectory(state.dir)
    },
    /** A loss of power does not bring it back. */
    forget() {
      rmSync(intent, { force: true })
      syncDirectory(state.dir)
    },
    untold: () =>
      readdirSync(results)
        .filter((name) => name.endsWith('.json'))
        .flatMap((name) => readReplaceable(join(results, name), UpgradeResult) ?? []),
    told: (order: string) => rmSync(resultOf(order), { force: true }),
  }
}
export type UpgradeFiles = ReturnType<typeof upgradeIn>
