import { useState } from 'preact/hooks'
import { api } from '../../protocol/api.ts'
import type { NodeDetail } from '../../protocol/views.ts'
import { useCall } from '../data/use-call.ts'
import { useMay } from '../me.ts'
import { NodeStatus } from '../parts/node-parts.tsx'
import { Ago, Loading, PageHead, Tell, Trouble } from '../parts/parts.tsx'
import { compareHref, hrefOf, to } from '../route.ts'
import { usePlace } from '../router.ts'
import { AssignDialog } from './assign.tsx'
import { DisableDialog } from './disable.tsx'
import { NewOrder } from './new-order.tsx'
import { NodeAttributes } from './node-attributes.tsx'
import { NodeCatalog } from './node-catalog.tsx'
import { NodeOverview } from './node-overview.tsx'
import { NodeRuns } from './node-runs.tsx'
import { NodeTimeline } from './node-timeline.tsx'
import { useAct } from '../data/act.ts'
import { call } from '../data/client.ts'
import { say } from '../data/notes.ts'

const tabs = {
  overview: 'Overview',
  attributes: 'Attributes',
  catalog: 'Catalog',
  runs: 'Runs',
  timeline: 'Timeline',
} as const

function tabOf(asked: string | undefined) {
  return asked !== undefined && asked in tabs ? asked : 'overview'
}

/** How probes are the feed does not tell. */
const probesMs = 15_000

export function Node({ params: { node: name = '' } }: { params: Record<string, string> }) {
  const { query } = usePlace()
  const {
    value: node,
    failure,
    reload,
  } = useCall(
    api.readNode,
    { node: name },
    { live: (event) => event.type === 'node' && event.node.name === name, every: probesMs },
  )
  if (!node) return failure ? <Trouble failure={failure} /> : <Loading />
  const tab = tabOf(query['tab'])
  return (
    <>
      <NodeHead node={node} reload={reload} />
      <Trouble failure={failure} />
      {node.reason && (
        <div class="reason">
          <Tell tone={node.state === 'pending' ? 'wait' : 'bad'} icon={node.state === 'pending' ? 'wait' : 'failed'}>
            {node.reason}
          </Tell>
        </div>
      )}
      <nav class="tabs" aria-label="About this node">
        {Object.entries(tabs).map(([key, title]) => (
          <a
            key={key}
            href={hrefOf(to('nodes', name), { tab: key === 'overview' ? undefined : key })}
            aria-current={key === tab ? 'page' : undefined}
          >
            {title}
            {key === 'catalog' && node.catalog && <span class="count">{node.catalog.resources}</span>}
          </a>
        ))}
      </nav>
      {tab === 'overview' && <NodeOverview node={node} />}
      {tab === 'attributes' && <NodeAttributes node={node} reload={reload} />}
      {tab === 'catalog' && <NodeCatalog node={node} />}
      {tab === 'runs' && <NodeRuns node={name} />}
      {tab === 'timeline' && <NodeTimeline node={name} />}
    </>
  )
}

function NodeHead({ node, reload }: { node: NodeDetail; reload: () => void }) {
  const { name, cluster, connected, lastSeenAt } = node
  return (
    <PageHead
      under={[{ name: 'Nodes', href: '/nodes' }]}
      title={
        <>
          {name} <NodeStatus node={node} />
        </>
      }
      lead={
        <>
          in cluster <a href={hrefOf('/nodes', { cluster })}>{cluster}</a> ·{' '}
          {connected ? (
            'connected'
          ) : lastSeenAt ? (
            <>
              last seen <Ago at={lastSeenAt} />
            </>
          ) : (
            'never seen'
          )}
        </>
      }
    >
      <a class="button" href={compareHref(name)}>
        Compare…
      </a>
      <NewOrder mode="plan" target={{ nodes: [name] }} />
      <Acts node={node} reload={reload} />
      <NewOrder mode="converge" target={{ nodes: [name] }} />
    </PageHead>
  )
}

function Acts({
  node: { name, revision, disabled, awaitsApproval },
  reload,
}: {
  node: NodeDetail
  reload: () => void
}) {
  const [shown, setShown] = useState<'assign' | 'unassign' | 'disable'>()
  const may = useMay('operator')
  const enabling = useAct(async () => {
    await call(api.enableNodes, { nodes: [name] })
    say(`${name} may converge again.`)
    reload()
  })
  if (!may) return null
  function close() {
    setShown(undefined)
    reload()
  }
  return (
    <>
      {awaitsApproval && <Approve name={name} reload={reload} />}
      <button type="button" class="button" onClick={() => setShown('assign')}>
        Assign…
      </button>
      <button type="button" class="button" onClick={() => setShown('unassign')}>
        Unassign…
      </button>
      {disabled ? (
        <button type="button" class="button" disabled={enabling.busy} onClick={() => void enabling.run()}>
          Enable
        </button>
      ) : (
        <button type="button" class="button" onClick={() => setShown('disable')}>
          Disable…
        </button>
      )}
      {(shown === 'assign' || shown === 'unassign') && (
        <AssignDialog way={shown} nodes={[name]} revision={revision} onClose={close} />
      )}
      {shown === 'disable' && <DisableDialog nodes={[name]} onClose={close} />}
    </>
  )
}

/** It joined by a token that asks for it. */
function Approve({ name, reload }: { name: string; reload: () => void }) {
  const may = useMay('admin')
  const act = useAct(async () => {
    await call(api.approveNode, { node: name })
    say(`${name} is let in.`)
    reload()
  })
  if (!may) return null
  return (
    <button type="button" class="button" disabled={act.busy} onClick={() => void act.run()}>
      Approve
    </button>
  )
}
