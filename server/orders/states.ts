import type { Run } from '../../protocol/events.ts'
import { openStates, type TargetState } from '../../protocol/views.ts'

export function isFinal(state: TargetState) {
  return !openStates.includes(state)
}

/** What a target becomes by the report of the run that answered it. */
export function stateAfter({ outcome }: Pick<Run, 'outcome'>): TargetState {
  return outcome === 'failed' || outcome === 'interrupted' ? 'failed' : 'converged'
}
