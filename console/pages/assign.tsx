import { useState } from 'preact/hooks'
import { api } from '../../protocol/api.ts'
import { useAct } from '../data/act.ts'
import { call } from '../data/client.ts'
import { say } from '../data/notes.ts'
import { useList } from '../data/use-call.ts'
import { Dialog, DialogHead } from '../parts/dialog.tsx'
import { Trouble } from '../parts/parts.tsx'
import { many } from '../text.ts'

interface AssignProps {
  way: 'assign' | 'unassign'
  nodes: string[]
  onClose: () => void
}

/** Gives nodes roles, or takes them: which, is chosen here. */
export function AssignDialog({ way, nodes, onClose }: AssignProps) {
  const { value: roles, failure } = useList(api.listRoles, {})
  const [chosen, setChosen] = useState<string[]>([])
  const [only, ...more] = nodes
  const whom = only !== undefined && more.length === 0 ? only : many(nodes.length, 'node')
  const title = way === 'assign' ? `Assign roles to ${whom}` : `Unassign roles from ${whom}`
  const act = useAct(async () => {
    for (const node of nodes)
      await (way === 'assign'
        ? call(api.assignRoles, { node, roles: chosen })
        : call(api.unassignRoles, { node, roles: chosen }))
    say(`${whom}: ${chosen.join(', ')} ${way}ed.`)
    onClose()
  })
  const choices = (roles ?? []).filter((role) => way === 'assign' || role.nodeCount > 0)
  return (
    <Dialog label={title} onClose={onClose}>
      <DialogHead title={title} onClose={onClose} />
      <div class="inside form">
        <Trouble failure={failure ?? act.failure} />
        {roles && choices.length === 0 && <p class="muted">There is no role to {way}.</p>}
        <div class="choices" role="group" aria-label="Roles">
          {choices.map(({ name, description }) => (
            <label key={name}>
              <input
                type="checkbox"
                checked={chosen.includes(name)}
                onChange={({ currentTarget: { checked } }) =>
                  setChosen(checked ? [...chosen, name] : chosen.filter((one) => one !== name))
                }
              />
              {name}
              <small class="clip">{description}</small>
            </label>
          ))}
        </div>
      </div>
      <footer>
        <button type="button" class="button" onClick={onClose}>
          Leave it
        </button>
        <button
          type="button"
          class="button first"
          disabled={act.busy || chosen.length === 0}
          onClick={() => void act.run()}
        >
          {way === 'assign' ? 'Assign' : 'Unassign'}
        </button>
      </footer>
    </Dialog>
  )
}
