import { api } from '../../protocol/api.ts'
import type { ResourceEvent } from '../../protocol/events.ts'
import type { StoredRun } from '../../protocol/views.ts'
import { useCall } from '../data/use-call.ts'
import { Events } from '../parts/events.tsx'
import { Ago, Card, Loading, Status, Trouble } from '../parts/parts.tsx'
import { countsText } from '../parts/run-parts.tsx'
import { to } from '../route.ts'
import { runLooks } from '../status.ts'

interface CompareProps {
  run: StoredRun
  events: ResourceEvent[]
  other: string
}

/** Two runs side by side: each resource that either has something to say of. */
export function CompareRuns({ run, events, other }: CompareProps) {
  const { value, failure } = useCall(api.readRun, { id: other })
  if (!value) return failure ? <Trouble failure={failure} /> : <Loading />
  const [here, there] = [byResource(events), byResource(value.events)]
  const names = [...new Set([...there.keys(), ...here.keys()])]
  return (
    <Card title="Two runs" flush aside={<a href={to('runs', run.id)}>Leave the comparison</a>}>
      <div class="sides">
        <Side run={value.run} />
        <Side run={run} />
      </div>
      {names.map((name) => (
        <section class="event" key={name} aria-label={name}>
          <div class="sides">
            <div>{said(there.get(name))}</div>
            <div>{said(here.get(name))}</div>
          </div>
        </section>
      ))}
    </Card>
  )
}

function Side({ run }: { run: StoredRun }) {
  return (
    <div>
      <h3>
        {run.node} <Status look={runLooks[run.outcome]} />
      </h3>
      <p class="muted">
        <Ago at={run.finishedAt} /> · {countsText(run.counts)}
      </p>
    </div>
  )
}

function said(event: ResourceEvent | undefined) {
  return event ? <Events events={[event]} /> : <p class="faint">unchanged, or not in the catalog</p>
}

function byResource(events: ResourceEvent[]) {
  return new Map(events.map((event) => [`${event.action ?? ''} ${event.id}`.trim(), event]))
}
