import { api } from '../../protocol/api.ts'
import type { LeaseView } from '../../protocol/views.ts'
import { useAct } from '../data/act.ts'
import { call } from '../data/client.ts'
import { say } from '../data/notes.ts'
import { useList } from '../data/use-call.ts'
import { useMay } from '../me.ts'
import { Ago, Empty, Loading, PageHead, Status, Trouble } from '../parts/parts.tsx'
import { Table } from '../parts/table.tsx'
import { to } from '../route.ts'
import type { Look } from '../status.ts'

const looks: Record<LeaseView['state'], Look> = {
  held: { label: 'held', tone: 'news', icon: 'leases' },
  waiting: { label: 'waiting', tone: 'wait', icon: 'wait' },
}

export function Leases() {
  const { value, failure, reload } = useList(api.listLeases, {}, { every: 3000 })
  const head = ['Group', 'Node', 'State', 'What for', 'Since', ''].map((title) => (
    <th key={title} scope="col" class={title === 'What for' ? 'lesser' : ''}>
      {title}
    </th>
  ))
  return (
    <>
      <PageHead title="Leases" lead="Who may do what only few of a group do at a time, and who waits for it." />
      <Trouble failure={failure} />
      <section class="card">
        {!value && !failure && <Loading />}
        {value?.length === 0 && <Empty title="None">No node holds a lease, and none waits for one.</Empty>}
        {value && value.length > 0 && (
          <Table label="Leases" head={head}>
            {value.map((lease) => (
              <LeaseRow key={`${lease.cluster} ${lease.group} ${lease.node}`} lease={lease} reload={reload} />
            ))}
          </Table>
        )}
      </section>
    </>
  )
}

function LeaseRow({ lease, reload }: { lease: LeaseView; reload: () => void }) {
  const { cluster, group, node, state, action, since, reason } = lease
  const may = useMay('operator')
  const releasing = useAct(async () => {
    await call(api.releaseLease, { group, node })
    say(`The lease of ${group} is taken from ${node}.`)
    reload()
  })
  return (
    <tr>
      <td>
        {group} <span class="faint">{cluster}</span>
      </td>
      <td>
        <a data-row class="name" href={to('nodes', node)}>
          {node}
        </a>
      </td>
      <td>
        <Status look={looks[state]} /> <span class="muted">{reason}</span>
      </td>
      <td class="lesser mono">{action}</td>
      <td>
        <Ago at={since} />
      </td>
      <td class="right">
        {may && state === 'held' && (
          <button type="button" class="button small" disabled={releasing.busy} onClick={() => void releasing.run()}>
            Release
          </button>
        )}
      </td>
    </tr>
  )
}
