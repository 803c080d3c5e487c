import type { NodeSummary, Stance } from './views.ts'

/** Why the node is not as it should be: converged to its newest catalog, nothing owed or waited for, and connected. Undefined: it is. */
export function whyNotReady({ state, reason, disabled, connected, behind, owed }: NodeSummary) {
  if (disabled && (behind || owed.length > 0)) return heldBy(disabled)
  if (reason !== null) return `${state}: ${reason}`
  if (state === 'failed' || state === 'interrupted' || state === 'new' || state === 'revoked') return state
  if (behind) return 'has yet to converge to its newest catalog'
  if (owed.length > 0) return `owes ${owed.join(', ')}`
  return connected ? undefined : 'is not connected'
}

/** It will not come right by itself; with a newer catalog it might, and one that is disabled until a time after that. */
export function cannotBecomeReady(node: NodeSummary) {
  const { state, behind, disabled } = node
  const isHeld = disabled !== undefined && disabled.until === undefined && whyNotReady(node) !== undefined
  return (state === 'failed' && !behind) || state === 'error' || state === 'revoked' || isHeld
}

export function heldBy({ by, reason }: Stance) {
  return `is disabled by ${by}: ${reason}`
}
