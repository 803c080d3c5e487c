import type { ResourceId } from '../protocol/catalog.ts'
import type { ResourceEvent } from '../protocol/events.ts'
import { type Applying, applyAll, type Differing, failure } from './apply.ts'
import { checkAll, checkGuarded, type Finding, hasGuard } from './check.ts'
import { settleOwed } from './owed.ts'
import type { Prepared } from './prepare.ts'

export interface Converging extends Applying {
  /** Told of every event as it happens, those of unchanged resources too. */
  report: (event: ResourceEvent) => void
  /** When it is aborted, the walk stops before the next resource. */
  signal: AbortSignal
}

/**
 * Makes the machine as the catalog says: checks everything at once, and only if something differs or is owed walks it in order.
 * A failure skips the rest of its recipe and what requires it. Owed actions come last, after a failure too; only a probe has those above it
 * in its recipe done before it looks (docs/decisions/003-probes-after-what-is-owed.md).
 */
export async function converge(prepared: Prepared[], converging: Converging) {
  const findings = await checkAll(prepared, converging.host)
  const tried = new Set<string>()
  if (findings.every(({ is }) => is === 'as-wanted')) {
    for (const one of prepared) converging.report(unchanged(one))
  } else {
    await walk(prepared, findings, converging, tried)
  }
  await settleOwed(prepared, converging, tried)
}

async function walk(prepared: Prepared[], findings: Finding[], converging: Converging, tried: Set<string>) {
  const failures = new Failures()
  for (let index = 0; index < prepared.length;) {
    const group = neighbours(prepared, findings, index)
    const firstLook = findings[index]
    for (const one of await settleAbove(index, prepared, converging, tried)) failures.add(one)
    index += group.length
    const ready = group.filter((one) => !isSkipped(one, failures, converging))
    const differing = await lookAgain(ready, converging.journal.touched ? undefined : firstLook, failures, converging)
    if (differing.length === 0) continue
    for (const { event, one } of await applyAll(differing, converging)) {
      if (event.outcome === 'failed') failures.add(one)
      converging.report(event)
    }
  }
}

/** Which recipes and resources a failure has taken with it. */
class Failures {
  readonly #recipes = new Map<string, ResourceId>()
  readonly #resources = new Set<ResourceId>()

  add({ id, resource }: Prepared) {
    this.#resources.add(id)
    if (!this.#recipes.has(resource.recipe)) this.#recipes.set(resource.recipe, id)
  }

  skip({ id }: Prepared) {
    this.#resources.add(id)
  }

  /** Why the resource is to be skipped, if it is. */
  reasonToSkip({ resource }: Prepared) {
    const before = this.#recipes.get(resource.recipe)
    if (before !== undefined) return `${before} failed before it in recipe ${resource.recipe}`
    const required = resource.requires?.find((id) => this.#resources.has(id))
    return required === undefined ? undefined : `it requires ${required}, which failed or was skipped`
  }
}

// A probe asks what runs now, so it would ask the old process. An action that fails takes the recipe with it, as its resource would.
async function settleAbove(index: number, prepared: Prepared[], converging: Converging, tried: Set<string>) {
  const probe = prepared[index]
  if (!probe?.type.seesWhatRuns || converging.journal.owed.length === 0) return []
  const { recipe } = probe.resource
  const above = new Set(prepared.slice(0, index).filter(({ resource }) => resource.recipe === recipe))
  return settleOwed(prepared, converging, tried, (one) => one !== undefined && above.has(one))
}

// Resources of one type that stand side by side in a recipe can be made in one transaction.
function neighbours(prepared: Prepared[], findings: Finding[], from: number): Prepared[] {
  const first = prepared[from]
  if (!first?.type.applyMany || findings[from]?.is === 'as-wanted') return prepared.slice(from, from + 1)
  const group = new Set([first.id])
  let end = from + 1
  for (let next = prepared[end]; next && goesWith(first, group, next); next = prepared[++end]) group.add(next.id)
  return prepared.slice(from, end)
}

// What waits for another of them, or is to be decided on or tried in its own way, is made after them.
function goesWith(first: Prepared, group: Set<ResourceId>, next: Prepared) {
  const { recipe, retries, timeoutMs, requires } = next.resource
  return (
    next.type === first.type &&
    recipe === first.resource.recipe &&
    retries === first.resource.retries &&
    timeoutMs === first.resource.timeoutMs &&
    !hasGuard(first) &&
    !hasGuard(next) &&
    !requires?.some((id) => group.has(id))
  )
}

function isSkipped(one: Prepared, failures: Failures, { report, signal }: Converging) {
  const reason = signal.aborted ? 'the run was cancelled' : failures.reasonToSkip(one)
  if (reason === undefined) return false
  failures.skip(one)
  report({ outcome: 'skipped', id: one.id, recipe: one.resource.recipe, durationMs: 0, reason })
  return true
}

// As long as nothing was changed, and so nothing noted in the journal, a first look that found a resource as wanted still holds.
async function lookAgain(
  group: Prepared[],
  firstLook: Finding | undefined,
  failures: Failures,
  converging: Converging,
) {
  const differing: Differing[] = []
  for (const one of group) {
    const holds = group.length === 1 && firstLook?.is === 'as-wanted'
    const finding = holds ? firstLook : await checkGuarded(one, converging.host)
    if (finding.is === 'different') differing.push({ one, changes: finding.changes })
    if (finding.is === 'as-wanted') converging.report(unchanged(one))
    if (finding.is === 'unreadable') {
      failures.add(one)
      converging.report(failure(one, [], finding.error, 0))
    }
  }
  return differing
}

function unchanged({ id, resource }: Prepared): ResourceEvent {
  return { outcome: 'unchanged', id, recipe: resource.recipe, durationMs: 0 }
}
