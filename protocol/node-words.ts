import { z } from 'zod'
import type { NodeSummary } from './views.ts'

/** What `is` asks of a node, in the API, the command and the console alike. */
export const NodeWord = z.enum([
  'converged',
  'changed',
  'failed',
  'drifting',
  'pending',
  'connected',
  'offline',
  'behind',
  'owing',
  'disabled',
  'audited',
])
export type NodeWord = z.infer<typeof NodeWord>

const failures = new Set<NodeSummary['state']>(['failed', 'interrupted', 'error'])

export const nodeIs: Record<NodeWord, (node: NodeSummary) => boolean> = {
  converged: ({ state }) => state === 'unchanged',
  changed: ({ state }) => state === 'changed',
  failed: ({ state }) => failures.has(state),
  drifting: ({ lastRun }) => (lastRun?.drift ?? 0) > 0,
  pending: ({ state }) => state === 'pending',
  connected: ({ connected }) => connected,
  offline: ({ connected }) => !connected,
  behind: ({ behind }) => behind,
  owing: ({ owed }) => owed.length > 0,
  disabled: ({ disabled }) => disabled !== undefined,
  audited: ({ audit }) => audit !== undefined,
}

/** Whether its name, its address or its reason holds the text, in capitals or not. */
export function nodeHolds({ name, address, reason }: NodeSummary, text: string) {
  const wanted = text.toLowerCase()
  return [name, address, reason].some((said) => said?.toLowerCase().includes(wanted))
}
