import { api } from '../../protocol/api.ts'
import type { StaleDetails } from '../../protocol/views.ts'
import { useCall } from '../data/use-call.ts'
import { valueText } from '../text.ts'
import { Ago, Tell } from './parts.tsx'

interface BothSidesProps {
  node: string
  stale: StaleDetails
  busy: boolean
  onWrite: () => void
  onTake: () => void
}

/** A write that came too late: what is set now, and by whom, beside what was to be written. */
export function BothSides({ node, stale, busy, onWrite, onTake }: BothSidesProps) {
  const title = `Somebody wrote to ${node} meanwhile`
  return (
    <div role="alert" aria-label={title} class="stack-small">
      <Tell tone="bad" icon="failed">
        {title}, and yours is not written. <LastWrite node={node} />
      </Tell>
      <dl class="facts">
        <dt>Now</dt>
        <dd>
          <Theirs stale={stale} />
        </dd>
        <dt>Yours</dt>
        <dd>{yoursText(stale)}</dd>
      </dl>
      <div class="actions">
        <button type="button" class="button" disabled={busy} onClick={onTake}>
          Take theirs
        </button>
        <button type="button" class="button danger" disabled={busy} onClick={onWrite}>
          Write mine anyway
        </button>
      </div>
    </div>
  )
}

function Theirs({ stale: { yours, theirs } }: { stale: StaleDetails }) {
  const keys = [...Object.keys(yours.set ?? {}), ...(yours.unset ?? [])]
  if (keys.length === 0) return <>roles: {theirs.roles?.join(', ') || 'none'}</>
  return (
    <>
      {keys.map((key) => {
        const now = theirs.attributes[key]
        if (!now) return <div key={key}>{key} is not set for the node itself</div>
        return (
          <div key={key}>
            {key} = {valueText(now.value)}, by {now.author}, <Ago at={now.at} />
          </div>
        )
      })}
    </>
  )
}

function yoursText({ yours: { set = {}, unset = [], assign, unassign } }: StaleDetails) {
  return [
    ...Object.entries(set).map(([key, value]) => `${key} = ${valueText(value)}`),
    ...unset.map((key) => `take ${key} back`),
    ...(assign ? [`assign ${assign.join(', ')}`] : []),
    ...(unassign ? [`unassign ${unassign.join(', ')}`] : []),
  ].join('; ')
}

/** Runs and orders are told among the writes. */
const enough = 50

function LastWrite({ node }: { node: string }) {
  const { value } = useCall(api.readTimeline, { node, limit: enough })
  const last = value?.items.find(({ type }) => type === 'write')
  if (last?.type !== 'write') return null
  return (
    <>
      The last write: {last.author} {last.action} {last.subject}, <Ago at={last.at} />.
    </>
  )
}
