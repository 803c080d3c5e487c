import type { ResourceId } from '../../protocol/catalog.ts'
import { hasGuard } from './check.ts'
import type { Prepared } from './prepare.ts'

/**
 * Resources of one type that stand side by side in a recipe can be made in one transaction. `isSettled`: the one at `from` was found as wanted
 * before anything was changed, so it is none of them.
 */
export function neighbours(prepared: Prepared[], from: number, isSettled: boolean): Prepared[] {
  const first = prepared[from]
  if (!first?.type.applyMany || isSettled) return prepared.slice(from, from + 1)
  const group = new Set([first.id])
  const most = from + (first.type.manyAtMost ?? Infinity)
  let end = from + 1
  for (let next = prepared[end]; next && end < most && goesWith(first, group, next); next = prepared[++end])
    group.add(next.id)
  return prepared.slice(from, end)
}

// What waits for another of them, or is to be decided on or tried in its own way, is made after them.
function goesWith(first: Prepared, group: Set<ResourceId>, next: Prepared) {
  const { recipe, retries, retryDelayMs, timeoutMs, requires } = next.resource
  return (
    next.type === first.type &&
    recipe === first.resource.recipe &&
    retries === first.resource.retries &&
    retryDelayMs === first.resource.retryDelayMs &&
    timeoutMs === first.resource.timeoutMs &&
    !hasGuard(first) &&
    !hasGuard(next) &&
    !requires?.some((id) => group.has(id))
  )
}
