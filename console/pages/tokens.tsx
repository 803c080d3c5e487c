import { useState } from 'preact/hooks'
import { api } from '../../protocol/api.ts'
import { useAct } from '../data/act.ts'
import { call } from '../data/client.ts'
import { say } from '../data/notes.ts'
import { useList } from '../data/use-call.ts'
import { Icon } from '../parts/icon.tsx'
import { Ago, Card, Empty, Loading, PageHead, Trouble } from '../parts/parts.tsx'
import { Table } from '../parts/table.tsx'
import { NewToken } from './new-token.tsx'

export function Tokens() {
  const { value, failure, reload } = useList(api.listTokens, {})
  const [making, setMaking] = useState(false)
  function close() {
    setMaking(false)
    reload()
  }
  const head = ['Token', 'For nodes named', 'Roles', 'Uses left', 'Ends', ''].map((title) => (
    <th key={title} scope="col">
      {title}
    </th>
  ))
  return (
    <>
      <PageHead title="Tokens and users" lead="What nodes join by, and what people and programs call the API with." />
      <div class="stack">
        <Trouble failure={failure} />
        <Card title="Join tokens" flush aside={<NewButton onClick={() => setMaking(true)} />}>
          {!value && !failure && <Loading />}
          {value?.length === 0 && <Empty title="None">A node joins with one; make it when you need it.</Empty>}
          {value && value.length > 0 && (
            <Table label="Join tokens" head={head}>
              {value.map((token) => (
                <tr key={token.id}>
                  <td class="mono">{token.id}</td>
                  <td class="mono">{token.names}</td>
                  <td>{token.roles.join(', ') || <span class="faint">none</span>}</td>
                  <td class="number">{token.usesLeft}</td>
                  <td>
                    <Ago at={token.expiresAt} />
                  </td>
                  <td class="right">
                    <Forget id={token.id} reload={reload} />
                  </td>
                </tr>
              ))}
            </Table>
          )}
        </Card>
      </div>
      {making && <NewToken onClose={close} />}
    </>
  )
}

function NewButton({ onClick }: { onClick: () => void }) {
  return (
    <button type="button" class="button small" onClick={onClick}>
      <Icon name="plus" />
      New
    </button>
  )
}

function Forget({ id, reload }: { id: string; reload: () => void }) {
  const act = useAct(async () => {
    await call(api.deleteToken, { id })
    say(`Join token ${id} is worthless now.`)
    reload()
  })
  return (
    <button type="button" class="button small danger" disabled={act.busy} onClick={() => void act.run()}>
      Delete
    </button>
  )
}
