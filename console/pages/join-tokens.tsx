import { useState } from 'preact/hooks'
import { api } from '../../protocol/api.ts'
import { useAct } from '../data/act.ts'
import { call } from '../data/client.ts'
import { say } from '../data/notes.ts'
import { useList } from '../data/use-call.ts'
import { Ago, Card, Empty, Loading, Trouble } from '../parts/parts.tsx'
import { DangerButton, headOf, NewButton, Table } from '../parts/table.tsx'
import { NewToken } from './new-token.tsx'

/** What nodes join by. */
export function JoinTokens() {
  const { value, failure, reload } = useList(api.listTokens, {})
  const [making, setMaking] = useState(false)
  function close() {
    setMaking(false)
    reload()
  }
  return (
    <Card title="Join tokens" flush aside={<NewButton what="join token" onClick={() => setMaking(true)} />}>
      <Trouble failure={failure} />
      {!value && !failure && <Loading />}
      {value?.length === 0 && <Empty title="None">A node joins with one; make it when you need it.</Empty>}
      {value && value.length > 0 && (
        <Table
          label="Join tokens"
          head={headOf(['Token', 'For nodes named', '-Cluster', '-Roles', 'Uses left', 'Ends', ''])}
        >
          {value.map(({ id, names, cluster, roles, usesLeft, expiresAt, approval }) => (
            <tr key={id}>
              <td class="mono">{id}</td>
              <td class="mono">
                {names} {approval && <span class="chip">to be approved</span>}
              </td>
              <td class="lesser">{cluster}</td>
              <td class="lesser">{roles.join(', ') || <span class="faint">none</span>}</td>
              <td class="number">{usesLeft}</td>
              <td>
                <Ago at={expiresAt} />
              </td>
              <td class="right">
                <Forget id={id} reload={reload} />
              </td>
            </tr>
          ))}
        </Table>
      )}
      {making && <NewToken onClose={close} />}
    </Card>
  )
}

function Forget({ id, reload }: { id: string; reload: () => void }) {
  const act = useAct(async () => {
    await call(api.deleteToken, { id })
    say(`Join token ${id} is worthless now.`)
    reload()
  })
  return <DangerButton act={act}>Delete</DangerButton>
}
