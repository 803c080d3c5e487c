import { useState } from 'preact/hooks'
import { api } from '../../protocol/api.ts'
import { useAct } from '../data/act.ts'
import { call } from '../data/client.ts'
import { say } from '../data/notes.ts'
import { Dialog, DialogHead } from '../parts/dialog.tsx'
import { Trouble } from '../parts/parts.tsx'
import { many } from '../text.ts'

const hourMs = 3_600_000
const spans = { '1 hour': hourMs, '8 hours': 8 * hourMs, '1 day': 24 * hourMs, '1 week': 168 * hourMs }

/** Holds nodes back for a while, and asks why. */
export function DisableDialog({ nodes, onClose }: { nodes: string[]; onClose: () => void }) {
  const [reason, setReason] = useState('')
  const [span, setSpan] = useState('')
  const [only, ...more] = nodes
  const title = `Disable ${only !== undefined && more.length === 0 ? only : many(nodes.length, 'node')}`
  const act = useAct(async () => {
    const ms = Object.entries(spans).find(([name]) => name === span)?.[1]
    await call(api.disableNodes, { nodes, reason, ...(ms === undefined ? {} : { until: Date.now() + ms }) })
    say(`${many(nodes.length, 'node')} disabled.`)
    onClose()
  })
  function submit(event: Event) {
    event.preventDefault()
    void act.run()
  }
  return (
    <Dialog label={title} onClose={onClose}>
      <DialogHead title={title} onClose={onClose} />
      <form onSubmit={submit}>
        <div class="inside form">
          <p class="muted">They change nothing until they are enabled again.</p>
          <Trouble failure={act.failure} />
          <label class="field">
            <span>Why</span>
            <input
              class="input"
              required
              value={reason}
              onInput={({ currentTarget }) => setReason(currentTarget.value)}
            />
          </label>
          <label class="field">
            <span>For how long</span>
            <select class="select" value={span} onChange={({ currentTarget }) => setSpan(currentTarget.value)}>
              <option value="">until enabled by hand</option>
              {Object.keys(spans).map((name) => (
                <option key={name}>{name}</option>
              ))}
            </select>
          </label>
        </div>
        <footer>
          <button type="button" class="button" onClick={onClose}>
            Leave it
          </button>
          <button type="submit" class="button first" disabled={act.busy}>
            Disable
          </button>
        </footer>
      </form>
    </Dialog>
  )
}
