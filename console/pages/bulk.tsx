import { useState } from 'preact/hooks'
import { api } from '../../protocol/api.ts'
import { call } from '../data/client.ts'
import { say } from '../data/notes.ts'
import { compareHref } from '../route.ts'
import { many } from '../text.ts'
import { AssignDialog } from './assign.tsx'
import { DisableDialog } from './disable.tsx'
import { NewOrder } from './new-order.tsx'
import { useAct } from '../data/act.ts'

interface BulkProps {
  nodes: string[]
  /** How many the filters let through, on every page. */
  total: number
  /** The names of those. */
  readAll: () => Promise<string[]>
  onSelect: (next: ReadonlySet<string>) => void
  onDone: () => void
}

/** What can be done with the nodes that are selected. */
export function Bulk({ nodes, total, readAll, onSelect, onDone }: BulkProps) {
  const [shown, setShown] = useState<'assign' | 'unassign' | 'disable'>()
  const enabling = useAct(async () => {
    await call(api.enableNodes, { nodes })
    say(`${many(nodes.length, 'node')} may converge again.`)
    onDone()
  })
  const selecting = useAct(async () => onSelect(new Set(await readAll())))
  const [one, other, ...more] = nodes
  function close() {
    setShown(undefined)
    onDone()
  }
  return (
    <section class="bulk" aria-label="Selected nodes">
      <strong class="number">{many(nodes.length, 'node')} selected</strong>
      {nodes.length < total && (
        <button type="button" class="button bare small" disabled={selecting.busy} onClick={() => void selecting.run()}>
          Select all {total.toLocaleString('en')}
        </button>
      )}
      {one !== undefined && other !== undefined && more.length === 0 && (
        <a class="button" href={compareHref(one, other)}>
          Compare
        </a>
      )}
      <NewOrder mode="plan" target={{ nodes }} />
      <NewOrder mode="converge" target={{ nodes }} />
      <button type="button" class="button" onClick={() => setShown('assign')}>
        Assign…
      </button>
      <button type="button" class="button" onClick={() => setShown('unassign')}>
        Unassign…
      </button>
      <button type="button" class="button" onClick={() => setShown('disable')}>
        Disable…
      </button>
      <button type="button" class="button" disabled={enabling.busy} onClick={() => void enabling.run()}>
        Enable
      </button>
      <button type="button" class="button bare" onClick={() => onSelect(new Set())}>
        Clear
      </button>
      {(shown === 'assign' || shown === 'unassign') && <AssignDialog way={shown} nodes={nodes} onClose={close} />}
      {shown === 'disable' && <DisableDialog nodes={nodes} onClose={close} />}
    </section>
  )
}
