import type { Progress } from '../data/progress.ts'
import { Events } from '../parts/events.tsx'
import { Bar } from '../parts/order-parts.tsx'
import { Card, Empty, PageHead, Status } from '../parts/parts.tsx'
import { to } from '../route.ts'
import { targetLooks } from '../status.ts'
import { shortId } from '../text.ts'

/** A run that is under way, resource by resource. */
export function LiveRun({ progress: { node, run, orders, done, total, events } }: { progress: Progress }) {
  const [order] = orders
  return (
    <>
      <PageHead
        under={[
          { name: 'Nodes', href: '/nodes' },
          { name: node, href: to('nodes', node) },
        ]}
        title={
          <>
            Run on {node} <Status look={targetLooks.started} />
          </>
        }
        lead={
          <>
            <span class="mono">{shortId(run)}</span>
            {order && (
              <>
                {' '}
                · by order <a href={to('orders', order)}>{order}</a>
              </>
            )}
          </>
        }
      />
      <Card
        title="What became of its resources so far"
        flush
        aside={<Bar done={done} total={total} label="Resources done" />}
      >
        <div aria-live="polite">
          {events.length > 0 ? <Events events={events} /> : <Empty title="Nothing has changed yet" />}
        </div>
      </Card>
    </>
  )
}
