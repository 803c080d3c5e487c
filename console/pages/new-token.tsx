import { useState } from 'preact/hooks'
import { api } from '../../protocol/api.ts'
import { useAct } from '../data/act.ts'
import { call } from '../data/client.ts'
import { Dialog, DialogHead } from '../parts/dialog.tsx'
import { Trouble } from '../parts/parts.tsx'

const hourMs = 3_600_000
const fields = [
  { name: 'uses', label: 'How many nodes may join', value: '1' },
  { name: 'hours', label: 'For how many hours', value: '1' },
  { name: 'names', label: 'Names of nodes (* stands for anything)', value: '*' },
  { name: 'cluster', label: 'Cluster', value: 'default' },
  { name: 'roles', label: 'Roles they get, if any', value: '' },
]

async function make(form: FormData) {
  const textOf = (name: string) => {
    const value = form.get(name)
    return typeof value === 'string' ? value.trim() : ''
  }
  const { token } = await call(api.createToken, {
    uses: Number(textOf('uses')),
    ttlMs: Number(textOf('hours')) * hourMs,
    names: textOf('names'),
    cluster: textOf('cluster'),
    roles: textOf('roles')
      .split(/[\s,]+/)
      .filter(Boolean),
  })
  return token
}

/** Makes a join token, and shows it this once. */
export function NewToken({ onClose }: { onClose: () => void }) {
  const [made, setMade] = useState<string>()
  const act = useAct(async (form: FormData) => setMade(await make(form)))
  function submit(event: SubmitEvent) {
    event.preventDefault()
    if (event.currentTarget instanceof HTMLFormElement) void act.run(new FormData(event.currentTarget))
  }
  return (
    <Dialog label="New join token" onClose={onClose}>
      <DialogHead title="New join token" onClose={onClose} />
      {made ? (
        <div class="inside form">
          <p>It is shown this once. On the node:</p>
          <pre class="text-block">{`trivet-agent join ${made}@${location.origin}`}</pre>
        </div>
      ) : (
        <form onSubmit={submit}>
          <div class="inside form">
            <Trouble failure={act.failure} />
            {fields.map(({ name, label, value }) => (
              <label class="field" key={name}>
                <span>{label}</span>
                <input class="input" name={name} defaultValue={value} />
              </label>
            ))}
          </div>
          <footer>
            <button type="submit" class="button first" disabled={act.busy}>
              Make it
            </button>
          </footer>
        </form>
      )}
    </Dialog>
  )
}
