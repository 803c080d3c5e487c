import { api } from '../../protocol/api.ts'
import type { ResourceEvent } from '../../protocol/events.ts'
import type { StoredRun } from '../../protocol/views.ts'
import { useCall } from '../data/use-call.ts'
import { Events } from '../parts/events.tsx'
import { Ago, Card, Empty, Loading, Status, Trouble } from '../parts/parts.tsx'
import { countsText } from '../parts/run-parts.tsx'
import { to } from '../route.ts'
import { runLooks } from '../status.ts'
import { many } from '../text.ts'

/** Two runs side by side: each resource of which either has something to say, those that differ first. */
export function CompareRuns({ id, other }: { id: string; other: string }) {
  const { value, failure } = useCall(api.compareRuns, { id: other, with: id })
  if (!value) return failure ? <Trouble failure={failure} /> : <Loading />
  const [first, second] = value.runs
  const differing = value.items.filter(({ same }) => !same)
  const same = value.items.length - differing.length
  return (
    <Card title="Two runs" flush aside={<a href={to('runs', id)}>Leave the comparison</a>}>
      <div class="sides">
        <Side run={first} />
        <Side run={second} />
      </div>
      {differing.length === 0 && <Empty title="Both did the same" />}
      {differing.map(({ subject, events: [before, after] }) => (
        <section class="event" key={subject} aria-label={subject}>
          <div class="sides">
            <div>{said(before)}</div>
            <div>{said(after)}</div>
          </div>
        </section>
      ))}
      {same > 0 && <p class="fold">{many(same, 'resource')} went the same way in both</p>}
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

function said(event: ResourceEvent | null) {
  return event ? <Events events={[event]} /> : <p class="muted">unchanged, or not in the catalog</p>
}
