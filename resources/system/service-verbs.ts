import type { Change } from '../../protocol/events.ts'
import type { UnitState } from '../host.ts'

export type Verb = 'daemon-reload' | 'stop' | 'mask' | 'unmask' | 'enable' | 'disable' | 'start'

/** In an order that works: what is masked can be neither enabled nor started, and is stopped before nothing more can be said to it. */
export function verbsFor(changes: Change[]) {
  const to = new Map(changes.map((change) => [change.what, change.to]))
  const verbs: [Verb, boolean][] = [
    ['daemon-reload', to.has('daemon-reload')],
    ['unmask', to.get('masked') === 'false'],
    ['disable', to.get('enabled') === 'false'],
    ['enable', to.get('enabled') === 'true'],
    ['stop', to.get('running') === 'false'],
    ['mask', to.get('masked') === 'true'],
    ['start', to.get('running') === 'true'],
  ]
  return verbs.filter(([, needed]) => needed).map(([verb]) => verb)
}

export function isMasked({ LoadState, UnitFileState }: UnitState) {
  return LoadState === 'masked' || UnitFileState === 'masked'
}
