import { type Change, changesOf, type ResourceEvent } from '../../protocol/events.ts'
import { eventLooks } from '../status.ts'
import { tookOf } from '../text.ts'
import { Diff } from './diff.tsx'
import { Icon } from './icon.tsx'
import { Status } from './parts.tsx'

/** What became of each resource; what was unchanged is only counted by the agent. */
export function Events({ events, open = true }: { events: ResourceEvent[]; open?: boolean }) {
  return (
    <div class="events">
      {events.map((event) => (
        <Event key={`${event.id} ${event.action ?? ''}`} event={event} open={open} />
      ))}
    </div>
  )
}

function Event({ event, open }: { event: ResourceEvent; open: boolean }) {
  const { id, action, outcome, recipe, durationMs } = event
  const cause = 'cause' in event ? event.cause : undefined
  return (
    <details class="event" open={open}>
      <summary data-row>
        <Icon name="right" />
        <Status look={eventLooks[outcome]} />
        <span class="id">
          {action && `${action} `}
          {id}
        </span>
        {cause === 'drift' && (
          <span class="status tone-warn" title="The catalog is as before: somebody else changed the node.">
            <Icon name="drift" />
            drift
          </span>
        )}
        <span class="end">
          <span>{recipe}</span>
          <span class="number">{tookOf(durationMs)}</span>
        </span>
      </summary>
      <div class="body">
        <Reasons event={event} />
        {changesOf(event).map((change) => (
          <ChangeView key={change.what} change={change} />
        ))}
      </div>
    </details>
  )
}

function Reasons({ event }: { event: ResourceEvent }) {
  return (
    <>
      {'reason' in event && <p class="muted">{event.reason}</p>}
      {'proviso' in event && event.proviso && <p class="muted">{event.proviso}</p>}
      {'error' in event && (
        <pre class="text-block bad">
          {event.error}
          {event.ignored && '\n(The recipe says to go on all the same.)'}
        </pre>
      )}
    </>
  )
}

function ChangeView({ change: { what, from, to, diff, kept } }: { change: Change }) {
  if (diff !== undefined)
    return (
      <>
        <p class="change">
          <span class="what">{what}</span>
          {kept && <span class="faint">what was there is kept on the node as {kept.slice(0, 12)}</span>}
        </p>
        <Diff text={diff} label={what} />
      </>
    )
  return (
    <p class="change">
      <span class="what">{what}</span>
      {from === null ? <span class="faint">was not there</span> : <del>{from}</del>}
      <span aria-label="became">→</span>
      <ins>{to}</ins>
    </p>
  )
}
