import { useState } from 'preact/hooks'
import { api } from '../../protocol/api.ts'
import type { FeedEvent } from '../../protocol/api/feed.ts'
import type { RoleView } from '../../protocol/views.ts'
import { useAct } from '../data/act.ts'
import { call } from '../data/client.ts'
import { say } from '../data/notes.ts'
import { onEach } from '../data/on-each.ts'
import { useCall } from '../data/use-call.ts'
import { NodeSort, pageSize, useNodes } from '../data/use-nodes.ts'
import { useSettled } from '../data/use-settled.ts'
import { useMay } from '../me.ts'
import { ChoiceDialog } from '../parts/choice-dialog.tsx'
import { NodeTable } from '../parts/node-table.tsx'
import { Card, Empty, Loading, PageHead, Trouble } from '../parts/parts.tsx'
import { hrefOf } from '../route.ts'
import { usePlace } from '../router.ts'
import { many, valueText } from '../text.ts'
import { NewOrder } from './new-order.tsx'
import { Recipes } from './roles.tsx'

const isOfNode = ({ type }: FeedEvent) => type === 'node'

export function Role({ params: { role: name = '' } }: { params: Record<string, string> }) {
  const { value: role, failure, reload } = useCall(api.readRole, { role: name }, { live: isOfNode, settleMs: 1000 })
  const [assigning, setAssigning] = useState(false)
  const may = useMay('operator')
  function close() {
    setAssigning(false)
    reload()
  }
  if (!role) return failure ? <Trouble failure={failure} /> : <Loading />
  return (
    <>
      <PageHead title={name} lead={role.description} under={[{ name: 'Roles', href: '/roles' }]}>
        {may && (
          <button type="button" class="button" onClick={() => setAssigning(true)}>
            Assign to nodes…
          </button>
        )}
        {role.nodes.length > 0 && (
          <>
            <NewOrder mode="plan" target={{ role: name }} />
            <NewOrder mode="converge" target={{ role: name }} />
          </>
        )}
      </PageHead>
      <div class="columns wide-first">
        <Who role={name} />
        <What role={role} />
      </div>
      {assigning && <AssignTo role={role} onClose={close} />}
    </>
  )
}

function Who({ role }: { role: string }) {
  const sort = NodeSort.safeParse(usePlace().query['sort']).data
  const { nodes, total, failure } = useNodes({ role, ...(sort && { sort }) }, 1)
  const all = total !== undefined && total > pageSize && <a href={hrefOf('/nodes', { role })}>All of them</a>
  return (
    <Card title={total === undefined ? 'Nodes' : many(total, 'node')} flush aside={all}>
      <Trouble failure={failure} />
      {nodes?.length === 0 && <Empty title="No node has it" />}
      {nodes && nodes.length > 0 && <NodeTable nodes={nodes} sort={sort ?? 'name'} columns={['cluster', 'lastRun']} />}
    </Card>
  )
}

function What({ role: { recipes, attributes, watch, audit, window, runDeadlineMs } }: { role: RoleView }) {
  const policy = { watch, audit, window, 'run deadline': runDeadlineMs }
  const rows = Object.entries(policy).filter(([, value]) => value !== undefined)
  return (
    <Card title="What it is">
      <dl class="facts">
        <dt>Recipes</dt>
        <dd>
          <Recipes names={recipes} />
        </dd>
        {Object.entries(attributes).map(([recipe, values]) => (
          <>
            <dt>{recipe}</dt>
            <dd class="mono">{valueText(values)}</dd>
          </>
        ))}
        {rows.map(([key, value]) => (
          <>
            <dt>{key}</dt>
            <dd class="mono">{valueText(value)}</dd>
          </>
        ))}
      </dl>
    </Card>
  )
}

const shownAtMost = 200

function AssignTo({ role, onClose }: { role: RoleView; onClose: () => void }) {
  const [text, setText] = useState('')
  const asked = useSettled(text.trim())
  const { value, failure } = useCall(api.listNodes, { withoutRole: role.name, text: asked, limit: shownAtMost })
  const act = useAct(async (chosen: string[]) => {
    await onEach(chosen, (node) => call(api.assignRoles, { node, roles: [role.name] }))
    say(`${role.name} is assigned to ${many(chosen.length, 'node')}.`)
    onClose()
  })
  return (
    <ChoiceDialog
      title={`Assign ${role.name} to nodes`}
      label="Nodes"
      choices={(value?.items ?? []).map(({ name, cluster }) => ({ name, note: cluster }))}
      submit="Assign"
      busy={act.busy}
      failure={failure ?? act.failure}
      onSubmit={(chosen) => void act.run(chosen)}
      onClose={onClose}
    >
      <input
        class="input"
        type="search"
        placeholder="Name, address or reason"
        aria-label="Name, address or reason of a node"
        value={text}
        onInput={({ currentTarget }) => setText(currentTarget.value)}
      />
      {value?.next && (
        <p class="muted">
          These are the first {shownAtMost} of {value.total.toLocaleString('en')}.
        </p>
      )}
    </ChoiceDialog>
  )
}
