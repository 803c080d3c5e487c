import { api } from '../../protocol/api.ts'
import { useState } from 'preact/hooks'
import { call } from '../data/client.ts'
import { useGuarded } from '../data/guarded.ts'
import { say } from '../data/notes.ts'
import { onEach } from '../data/on-each.ts'
import { useList } from '../data/use-call.ts'
import { BothSides } from '../parts/both-sides.tsx'
import { ChoiceDialog } from '../parts/choice-dialog.tsx'
import { many } from '../text.ts'

interface AssignProps {
  way: 'assign' | 'unassign'
  nodes: string[]
  /** What the page shows of the only node. */
  revision?: number
  onClose: () => void
}

/** Gives nodes roles, or takes them: which, is chosen here. */
export function AssignDialog({ way, nodes, revision, onClose }: AssignProps) {
  // The page below goes on being live.
  const [seen] = useState(revision)
  const { value: roles, failure } = useList(api.listRoles, {})
  const [first, ...more] = nodes
  const only = more.length === 0 ? first : undefined
  const whom = only ?? many(nodes.length, 'node')
  const act = useGuarded(async (ifRevision, chosen: string[]) => {
    const write = (node: string) => {
      const input = { node, roles: chosen, ifRevision }
      return way === 'assign' ? call(api.assignRoles, input) : call(api.unassignRoles, input)
    }
    await (only === undefined ? onEach(nodes, write) : write(only))
    say(`${whom}: ${chosen.join(', ')} ${way}ed.`)
    onClose()
  })
  const choices = (roles ?? []).filter((role) => way === 'assign' || role.nodeCount > 0)
  return (
    <ChoiceDialog
      title={way === 'assign' ? `Assign roles to ${whom}` : `Unassign roles from ${whom}`}
      label="Roles"
      choices={choices.map(({ name, description }) => ({ name, note: description }))}
      submit={way === 'assign' ? 'Assign' : 'Unassign'}
      busy={act.busy}
      failure={failure ?? act.failure}
      onSubmit={(chosen) => void act.run(seen, chosen)}
      onClose={onClose}
    >
      {act.stale && (
        <BothSides node={whom} stale={act.stale} busy={act.busy} onWrite={() => void act.anyway()} onTake={onClose} />
      )}
      {roles && choices.length === 0 && <p class="muted">There is no role to {way}.</p>}
    </ChoiceDialog>
  )
}
