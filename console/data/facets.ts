import type { FleetView } from '../../protocol/history.ts'
import type { NodeWord } from '../../protocol/node-words.ts'
import type { IconName } from '../parts/icon.tsx'
import type { Tone } from '../status.ts'

export interface Facet {
  label: string
  tone: Tone
  icon: IconName
  count: (fleet: FleetView) => number
  /** Offered only where there are such nodes. */
  rare?: boolean
}

/** What the tiles of the fleet and the filters of the nodes ask for. */
export const facets: Partial<Record<NodeWord, Facet>> = {
  converged: { label: 'Converged', tone: 'good', icon: 'check', count: ({ states }) => states.unchanged ?? 0 },
  changed: { label: 'Changed', tone: 'news', icon: 'changed', count: ({ states }) => states.changed ?? 0 },
  failed: { label: 'Failed', tone: 'bad', icon: 'failed', count: failedOf },
  drifting: { label: 'Drifting', tone: 'warn', icon: 'drift', count: ({ drifting }) => drifting },
  pending: { label: 'Pending', tone: 'wait', icon: 'wait', count: ({ states }) => states.pending ?? 0 },
  behind: { label: 'Behind', tone: 'wait', icon: 'history', count: ({ behind }) => behind },
  owing: { label: 'Owing', tone: 'wait', icon: 'orders', rare: true, count: ({ owing }) => owing },
  disabled: { label: 'Disabled', tone: 'calm', icon: 'stop', rare: true, count: ({ disabled }) => disabled },
  audited: { label: 'Audit only', tone: 'calm', icon: 'eye', rare: true, count: ({ audited }) => audited },
  offline: { label: 'Offline', tone: 'calm', icon: 'offline', count: ({ offline }) => offline },
}

function failedOf({ states: { failed = 0, interrupted = 0, error = 0 } }: FleetView) {
  return failed + interrupted + error
}
