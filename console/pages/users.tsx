import { useState } from 'preact/hooks'
import type { z } from 'zod'
import { api } from '../../protocol/api.ts'
import { Access } from '../../protocol/views.ts'
import { useAct } from '../data/act.ts'
import { call } from '../data/client.ts'
import { say } from '../data/notes.ts'
import { useList } from '../data/use-call.ts'
import { useMe } from '../me.ts'
import { Field, FormDialog, SelectField, textIn, wordsIn } from '../parts/form.tsx'
import { Ago, Card, Loading, Status, Trouble } from '../parts/parts.tsx'
import { DangerButton, headOf, NewButton, Table } from '../parts/table.tsx'
import { disabled } from '../status.ts'
import { rightsText } from '../text.ts'

type User = z.output<typeof api.listUsers.output>['items'][number]

export function Users() {
  const { value, failure, reload } = useList(api.listUsers, {})
  const [making, setMaking] = useState(false)
  function close() {
    setMaking(false)
    reload()
  }
  return (
    <Card title="Users" flush aside={<NewButton what="user" onClick={() => setMaking(true)} />}>
      <Trouble failure={failure} />
      {!value && !failure && <Loading />}
      {value && (
        <Table label="Users" head={headOf(['User', 'Access', '-Signs in as', '-Made', ''])}>
          {value.map((user) => (
            <Row key={user.name} user={user} reload={reload} />
          ))}
        </Table>
      )}
      {making && <NewUser onClose={close} />}
    </Card>
  )
}

function Row({ user, reload }: { user: User; reload: () => void }) {
  const { name, login, author, createdAt, disabledAt } = user
  const isMe = useMe()?.name === name
  const turning = useAct(async () => {
    await call(api.changeUser, { user: name, disabled: disabledAt === null })
    say(disabledAt === null ? `${name} is refused from now on.` : `${name} may sign in again.`)
    reload()
  })
  const deleting = useAct(async () => {
    await call(api.deleteUser, { user: name })
    say(`${name} and all API tokens of ${name} are gone.`)
    reload()
  })
  return (
    <tr>
      <td>
        <strong class="name">{name}</strong> {disabledAt !== null && <Status look={disabled} />}
      </td>
      <td>{rightsText(user)}</td>
      <td class="lesser">{login ?? <span class="faint">by API token only</span>}</td>
      <td class="lesser muted">
        <Ago at={createdAt} /> by {author}
      </td>
      <td class="right">
        {isMe ? (
          <span class="muted">you</span>
        ) : (
          <span class="row-acts">
            <button type="button" class="button small" disabled={turning.busy} onClick={() => void turning.run()}>
              {disabledAt === null ? 'Disable' : 'Enable'}
            </button>
            <DangerButton act={deleting}>Delete</DangerButton>
          </span>
        )}
      </td>
    </tr>
  )
}

function NewUser({ onClose }: { onClose: () => void }) {
  const act = useAct(async (form: FormData) => {
    const clusters = wordsIn(form, 'clusters')
    const name = textIn(form, 'name')
    await call(api.createUser, {
      name,
      access: Access.parse(textIn(form, 'access')),
      clusters: clusters.length > 0 ? clusters : 'all',
      login: textIn(form, 'login') || undefined,
    })
    say(`User ${name} is made. An API token lets ${name} in.`)
    onClose()
  })
  return (
    <FormDialog title="New user" submit="Make it" {...act} onSubmit={(form) => void act.run(form)} onClose={onClose}>
      <Field name="name" label="Name" required />
      <SelectField name="access" label="What the user may do" options={Access.options} />
      <Field name="clusters" label="In which clusters" hint="All, if none is named" />
      <Field name="login" label="What the identity provider calls the user, if there is one" />
    </FormDialog>
  )
}
