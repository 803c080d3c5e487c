import { api } from '../../protocol/api.ts'
import { useAct } from '../data/act.ts'
import { call } from '../data/client.ts'
import { say } from '../data/notes.ts'
import { onEach } from '../data/on-each.ts'
import { useList } from '../data/use-call.ts'
import { ChoiceDialog } from '../parts/choice-dialog.tsx'
import { many } from '../text.ts'

interface AssignProps {
  way: 'assign' | 'unassign'
  nodes: string[]
  onClose: () => void
}

/** Gives nodes roles, or takes them: which, is chosen here. */
export function AssignDialog({ way, nodes, onClose }: AssignProps) {
  const { value: roles, failure } = useList(api.listRoles, {})
  const [only, ...more] = nodes
  const whom = only !== undefined && more.length === 0 ? only : many(nodes.length, 'node')
  const act = useAct(async (chosen: string[]) => {
    const input = (node: string) => ({ node, roles: chosen })
    await onEach(nodes, (node) =>
      way === 'assign' ? call(api.assignRoles, input(node)) : call(api.unassignRoles, input(node)),
    )
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
      onSubmit={(chosen) => void act.run(chosen)}
      onClose={onClose}
    >
      {roles && choices.length === 0 && <p class="muted">There is no role to {way}.</p>}
    </ChoiceDialog>
  )
}
