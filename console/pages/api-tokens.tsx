import { useState } from 'preact/hooks'
import type { z } from 'zod'
import { api } from '../../protocol/api.ts'
import { Access } from '../../protocol/views.ts'
import { useAct } from '../data/act.ts'
import { call } from '../data/client.ts'
import { say } from '../data/notes.ts'
import { useList } from '../data/use-call.ts'
import { useMe } from '../me.ts'
import { Field, FormDialog, Once, SelectField, textIn } from '../parts/form.tsx'
import { Ago, Card, Empty, Loading, Trouble } from '../parts/parts.tsx'
import { DangerButton, headOf, NewButton, Table } from '../parts/table.tsx'
import { rightsText } from '../text.ts'

type ApiToken = z.output<typeof api.listApiTokens.output>['items'][number]

/** What people and programs call the API with: one's own, and for admins everybody's. */
export function ApiTokens({ all }: { all: boolean }) {
  const { value, failure, reload } = useList(api.listApiTokens, all ? { all: 'true' } : {})
  const [making, setMaking] = useState(false)
  function close() {
    setMaking(false)
    reload()
  }
  return (
    <Card title="API tokens" flush aside={<NewButton what="API token" onClick={() => setMaking(true)} />}>
      <Trouble failure={failure} />
      {!value && !failure && <Loading />}
      {value?.length === 0 && <Empty title="None">People and programs call the API with one.</Empty>}
      {value && value.length > 0 && (
        <Table label="API tokens" head={headOf(['Token', 'User', '-Access', '-Last used', 'Ends', ''])}>
          {value.map((token) => (
            <Row key={token.id} token={token} reload={reload} />
          ))}
        </Table>
      )}
      {making && <NewApiToken isAdmin={all} onClose={close} />}
    </Card>
  )
}

function Row({ token, reload }: { token: ApiToken; reload: () => void }) {
  const { id, name, user, usedAt, usedFrom, expiresAt } = token
  const isOwn = useMe()?.token?.id === id
  const revoking = useAct(async () => {
    await call(api.revokeApiToken, { id })
    say(`API token ${name} of ${user} is worthless now.`)
    reload()
  })
  return (
    <tr>
      <td>
        <strong class="name">{name}</strong> <span class="mono faint">{id}</span>
      </td>
      <td>{user}</td>
      <td class="lesser">{rightsText(token)}</td>
      <td class="lesser">
        {usedAt === null ? <span class="faint">never</span> : <Ago at={usedAt} />}{' '}
        {usedFrom !== null && <span class="muted">from {usedFrom}</span>}
      </td>
      <td>{expiresAt === null ? <span class="faint">never</span> : <Ago at={expiresAt} />}</td>
      <td class="right">
        {isOwn ? <span class="muted">this one</span> : <DangerButton act={revoking}>Revoke</DangerButton>}
      </td>
    </tr>
  )
}

const dayMs = 24 * 3_600_000
const title = 'New API token'
const asMuch = 'as much as its user'

async function make(form: FormData) {
  const access = Access.safeParse(textIn(form, 'access')).data
  const { token } = await call(api.createApiToken, {
    name: textIn(form, 'name'),
    user: textIn(form, 'user') || undefined,
    access,
    ttlMs: Number(textIn(form, 'days')) * dayMs,
  })
  return token
}

function NewApiToken({ isAdmin, onClose }: { isAdmin: boolean; onClose: () => void }) {
  const me = useMe()
  const [made, setMade] = useState<string>()
  const act = useAct(async (form: FormData) => setMade(await make(form)))
  if (made !== undefined)
    return (
      <Once
        title={title}
        say="Sign in with it here, or on the command line:"
        secret={`trivet login ${made}@${location.origin}`}
        onClose={onClose}
      />
    )
  return (
    <FormDialog title={title} submit="Make it" {...act} onSubmit={(form) => void act.run(form)} onClose={onClose}>
      <Field name="name" label="Name" hint="What it is for: laptop, backup, dashboard" required />
      {isAdmin && <Field name="user" label="User" value={me?.name ?? ''} required />}
      <SelectField name="access" label="What it may do" options={[asMuch, ...Access.options]} />
      <Field name="days" label="For how many days" value="90" required />
    </FormDialog>
  )
}
