import type { Argv } from '../../protocol/argv.ts'
import type { Change } from '../../protocol/events.ts'
import { asError } from '../../protocol/errors.ts'
import type { ResourceType } from '../../resources/define.ts'
import type { Host } from '../../resources/host.ts'
import { type Prepared, UnreadableProps } from './prepare.ts'

/** What a look at one resource found. */
export type Finding = { is: 'as-wanted' } | { is: 'different'; changes: Change[] } | { is: 'unreadable'; error: Error }

/**
 * Checks resources from one snapshot of the machine, before anything is changed, up to the first that is not as wanted: all after that are
 * checked again at their turn.
 */
export async function checkAll(prepared: Prepared[], host: Host): Promise<Finding[]> {
  const findings: Finding[] = []
  for (const one of prepared) {
    const found = look(one, host)
    const finding = found instanceof Promise ? await found : found
    findings.push(finding)
    if (finding.is !== 'as-wanted') break
  }
  return findings
}

/** Checks one resource, its guards included: a difference that a guard says to leave alone is none. */
export async function checkGuarded(one: Prepared, host: Host): Promise<Finding> {
  const found = await look(one, host)
  if (found.is !== 'different') return found
  try {
    return (await guardsAllow(one, host)) ? found : { is: 'as-wanted' }
  } catch (error) {
    return { is: 'unreadable', error: asError(error) }
  }
}

/** Whether nothing is to be done; where that cannot be told, it is not. */
export async function isAsWanted(type: ResourceType, name: string, want: unknown, host: Host) {
  try {
    return (await type.check(name, want, host)).length === 0
  } catch {
    return false
  }
}

export function hasGuard({ resource }: Prepared) {
  return resource.onlyIf !== undefined || resource.unless !== undefined
}

// Most checks are synchronous reads; they pay for no promise.
export function look({ type, resource, want }: Prepared, host: Host): Finding | Promise<Finding> {
  if (want instanceof UnreadableProps) return { is: 'unreadable', error: want }
  try {
    const changes = type.check(resource.name, want, host)
    if (!(changes instanceof Promise)) return findingOf(changes)
    return changes.then(findingOf, (error: unknown) => ({ is: 'unreadable', error: asError(error) }))
  } catch (error) {
    return { is: 'unreadable', error: asError(error) }
  }
}

function findingOf(changes: Change[]): Finding {
  return changes.length === 0 ? { is: 'as-wanted' } : { is: 'different', changes }
}

async function guardsAllow({ resource: { onlyIf, unless, timeoutMs } }: Prepared, host: Host) {
  const options = timeoutMs === undefined ? {} : { timeoutMs }
  const succeeds = async (argv: Argv) => (await host.run(argv, options)).exitCode === 0
  if (onlyIf && !(await succeeds(onlyIf))) return false
  return !(unless && (await succeeds(unless)))
}
