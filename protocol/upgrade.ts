import { z } from 'zod'

/** As agents and their archives are called. */
export const AgentVersion = z.string().regex(/^\d+\.\d+\.\d+[0-9A-Za-z.+-]{0,40}$/, 'a version, such as 1.4.0')

/** How an upgrade ended: `version` is what runs after it. `failed`: nothing was changed. */
export const UpgradeResult = z.object({
  order: z.string().max(64),
  outcome: z.enum(['upgraded', 'rolled-back', 'failed']),
  version: z.string().max(64),
  reason: z.string().max(8192).optional(),
})
export type UpgradeResult = z.infer<typeof UpgradeResult>

/** What agents are to become. */
export const Upgrade = z.object({
  version: AgentVersion,
  /** Also where that is older than what runs. */
  downgrade: z.boolean(),
  patienceMs: z.int(),
})
export type Upgrade = z.infer<typeof Upgrade>

/** How long a new agent has to connect and to look at all that it keeps; longer than the orders of a day last nobody waits. */
export const Patience = z
  .int()
  .min(1000)
  .max(24 * 3600 * 1000)
export const usualPatienceMs = 5 * 60 * 1000

/** Below 0 where `one` is older: by its numbers, then what is not yet the version itself (`1.4.0-rc.1`) before it. */
export function compareVersions(one: string, other: string) {
  const [ours, theirs] = [partsOf(one), partsOf(other)]
  for (const [index, number] of ours.numbers.entries()) {
    const difference = number - (theirs.numbers[index] ?? 0)
    if (difference !== 0) return difference
  }
  if (ours.early === theirs.early) return 0
  if (ours.early === '') return 1
  return theirs.early === '' ? -1 : ours.early.localeCompare(theirs.early, 'en', { numeric: true })
}

function partsOf(version: string) {
  const [, core = '', early = ''] = /^([\d.]+)(?:-([^+]*))?/.exec(version) ?? []
  return { numbers: core.split('.').map(Number), early }
}
