import { useState } from 'preact/hooks'
import { api } from '../../protocol/api.ts'
import type { FeedEvent } from '../../protocol/api/feed.ts'
import type { TimelineItem } from '../../protocol/history.ts'
import { useCall } from '../data/use-call.ts'
import { Ago, Card, Empty, Loading, Status, Trouble } from '../parts/parts.tsx'
import { countsText } from '../parts/run-parts.tsx'
import { to } from '../route.ts'
import { runLooks, targetLooks } from '../status.ts'
import { valueText } from '../text.ts'

const step = 50
const most = 500

/** What happened to a node and who did what to it, newest first. */
export function NodeTimeline({ node }: { node: string }) {
  const [limit, setLimit] = useState(step)
  const { value, failure } = useCall(api.readTimeline, { node, limit }, { live: (event) => isAbout(event, node) })
  if (!value) return failure ? <Trouble failure={failure} /> : <Loading />
  return (
    <Card title="Who did what, and what became of it" flush>
      {value.items.length === 0 && <Empty title="Nothing yet" />}
      <ul class="timeline">
        {value.items.map((item, index) => (
          <li key={`${item.at} ${index}`} class={item.type}>
            <Told item={item} />
            <Ago at={item.at} />
          </li>
        ))}
      </ul>
      {value.next !== null && limit < most && (
        <nav class="pager">
          <button type="button" class="button small" onClick={() => setLimit(Math.min(limit + 2 * step, most))}>
            Earlier
          </button>
        </nav>
      )}
    </Card>
  )
}

function isAbout(event: FeedEvent, node: string) {
  if (event.type === 'run') return event.run.node === node
  if (event.type === 'target') return event.target.node === node
  return event.type === 'node' && event.node.name === node
}

function Told({ item }: { item: TimelineItem }) {
  if (item.type === 'run')
    return (
      <span class="grow">
        <a data-row href={to('runs', item.run.id)}>
          {item.run.mode === 'plan' ? 'Plan' : 'Run'}
        </a>{' '}
        <Status look={runLooks[item.run.outcome]} /> <span class="muted">{countsText(item.run.counts)}</span>
      </span>
    )
  if (item.type === 'order')
    return (
      <span class="grow">
        <strong>{item.order.author}</strong> gave an order to{' '}
        <a data-row href={to('orders', item.order.id)}>
          {item.order.mode}
        </a>{' '}
        <Status look={targetLooks[item.target.state]} /> <span class="muted">{item.target.reason}</span>
      </span>
    )
  return (
    <span class="grow">
      <strong>{item.author}</strong> {item.action} {item.subject}{' '}
      <span class="muted mono">{item.after === null ? '' : valueText(item.after).slice(0, 160)}</span>
    </span>
  )
}
