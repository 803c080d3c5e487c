import { useState } from 'preact/hooks'
import { api } from '../../protocol/api.ts'
import { useAct } from '../data/act.ts'
import { call } from '../data/client.ts'
import { Field, FormDialog, Once, textIn, wordsIn } from '../parts/form.tsx'

const hourMs = 3_600_000
const title = 'New join token'

async function make(form: FormData) {
  const { token } = await call(api.createToken, {
    uses: Number(textIn(form, 'uses')),
    ttlMs: Number(textIn(form, 'hours')) * hourMs,
    names: textIn(form, 'names'),
    cluster: textIn(form, 'cluster'),
    roles: wordsIn(form, 'roles'),
    approval: form.has('approval'),
  })
  return token
}

/** Makes a join token, and shows it this once. */
export function NewToken({ onClose }: { onClose: () => void }) {
  const [made, setMade] = useState<string>()
  const act = useAct(async (form: FormData) => setMade(await make(form)))
  if (made !== undefined)
    return (
      <Once
        title={title}
        say="On the node:"
        secret={`trivet-agent join ${made}@${location.origin}`}
        onClose={onClose}
      />
    )
  return (
    <FormDialog title={title} submit="Make it" {...act} onSubmit={(form) => void act.run(form)} onClose={onClose}>
      <Field name="uses" label="How many nodes may join" value="1" />
      <Field name="hours" label="For how many hours" value="1" />
      <Field name="names" label="Names of nodes" value="*" hint="* stands for anything: web-*" />
      <Field name="cluster" label="Cluster" value="default" />
      <Field name="roles" label="Roles they get, if any" />
      <label class="tick">
        <input type="checkbox" name="approval" /> Who joins with it waits until somebody approves it
      </label>
    </FormDialog>
  )
}
