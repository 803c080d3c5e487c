import type { Stances } from '../protocol/views.ts'
import type { NodeInput } from './compile/inputs.ts'
import type { Fleet } from './store/store.ts'

/** Those that have not ended by then. */
export function stancesAt({ audit, disabled }: Stances, now: number): Stances {
  const isOver = disabled?.until !== undefined && disabled.until <= now
  return { ...(audit && { audit }), ...(disabled && !isOver && { disabled }) }
}

/** What the agent is told of them. */
export function stanceInput(stances: Stances, now: number): Pick<NodeInput, 'audit' | 'disabled'> {
  const { audit, disabled } = stancesAt(stances, now)
  if (!disabled) return audit ? { audit: true } : {}
  const { at: _, ...told } = disabled
  return { ...(audit && { audit: true }), disabled: told }
}

/** When the next of them ends by itself, if any does. */
export function nextEnd({ nodes }: Fleet, now: number) {
  const ends = nodes.flatMap(({ disabled }) => disabled?.until ?? []).filter((until) => until > now)
  return ends.length > 0 ? Math.min(...ends) : undefined
}
