import { api } from '../../protocol/api.ts'
import type { FeedEvent } from '../../protocol/api/feed.ts'
import type { FleetView } from '../../protocol/history.ts'
import { facets } from '../data/facets.ts'
import { useCall } from '../data/use-call.ts'
import { Icon } from '../parts/icon.tsx'
import { countOf, Done } from '../parts/order-parts.tsx'
import { Ago, Card, Empty, Loading, PageHead, Status, Trouble } from '../parts/parts.tsx'
import { Table } from '../parts/table.tsx'
import { OutcomePlot } from '../plots/day-plot.tsx'
import type { Bar } from '../plots/days.ts'
import { hrefOf, to } from '../route.ts'
import { runLooks } from '../status.ts'
import { many, orderWords } from '../text.ts'
import { NewOrder } from './new-order.tsx'

/** All of it is counted anew. */
const settleMs = 1000
const changesFleet = ({ type }: FeedEvent) => type !== 'progress'

export function Fleet() {
  const { value: fleet, failure } = useCall(api.readFleet, {}, { live: changesFleet, settleMs })
  if (fleet?.nodes === 0) return <NoNodes />
  return (
    <>
      <PageHead title="Fleet" lead={fleet && many(fleet.nodes, 'node')}>
        <NewOrder mode="plan" target={{ all: true }} />
        <NewOrder mode="converge" target={{ all: true }} />
      </PageHead>
      <Trouble failure={failure} />
      {fleet ? <Glance fleet={fleet} /> : !failure && <Loading />}
    </>
  )
}

function Glance({ fleet }: { fleet: FleetView }) {
  const bars = fleet.days.map(({ day, runs, drifted }): Bar => ({ at: day, counts: runs, drifted }))
  return (
    <div class="stack">
      <Tiles fleet={fleet} />
      <div class="columns wide-first">
        <Card title="Runs of the last days">
          <OutcomePlot bars={bars} label="Runs of the last days by outcome" nameOf={dayName} />
        </Card>
        <Card title="Orders under way" flush aside={<a href="/orders">All orders</a>}>
          {fleet.orders.length > 0 ? (
            <OpenOrders orders={fleet.orders} />
          ) : (
            <Empty title="None">Nobody waits for anything.</Empty>
          )}
        </Card>
      </div>
      <Card title="What failed last" flush aside={<a href={hrefOf('/history', { outcome: 'failed' })}>All failures</a>}>
        <Failures fleet={fleet} />
      </Card>
    </div>
  )
}

const tiles = ['converged', 'changed', 'failed', 'drifting', 'pending', 'offline'] as const

function Tiles({ fleet }: { fleet: FleetView }) {
  return (
    <div class="tiles">
      {tiles.map((name) => {
        const look = facets[name]
        const count = look?.count(fleet) ?? 0
        const href = hrefOf('/nodes', { is: name })
        return (
          <a key={name} class={`tile ${count === 0 ? 'zero' : ''}`} href={href}>
            <span class="count">{count.toLocaleString('en')}</span>
            <span class="label">
              {look && (
                <span class={look.tone}>
                  <Icon name={look.icon} />
                </span>
              )}
              {look?.label}
            </span>
          </a>
        )
      })}
    </div>
  )
}

function OpenOrders({ orders }: { orders: FleetView['orders'] }) {
  const head = ['Order', 'Done', 'Given'].map((name) => (
    <th key={name} scope="col" class={name === 'Given' ? 'right' : ''}>
      {name}
    </th>
  ))
  return (
    <Table label="Orders under way" head={head}>
      {orders.map(({ id, mode, states, createdAt }) => (
        <tr key={id}>
          <td>
            <a data-row class="name" href={to('orders', id)}>
              {orderWords[mode]} {many(countOf(states), 'node')}
            </a>
          </td>
          <td>
            <Done states={states} />
          </td>
          <td class="right muted">
            <Ago at={createdAt} />
          </td>
        </tr>
      ))}
    </Table>
  )
}

function Failures({ fleet }: { fleet: FleetView }) {
  if (fleet.failures.length === 0) return <Empty title="No run has failed" />
  return (
    <>
      {facets.failed?.count(fleet) === 0 && <p class="inside muted">No node is failed now. These runs failed last:</p>}
      <FailureTable failures={fleet.failures} />
    </>
  )
}

function FailureTable({ failures }: { failures: FleetView['failures'] }) {
  const head = ['Node', 'Outcome', 'Why', 'When'].map((name) => (
    <th key={name} scope="col" class={name === 'When' ? 'right' : ''}>
      {name}
    </th>
  ))
  return (
    <Table label="What failed last" head={head}>
      {failures.map(({ run, node, still, outcome, resource, error, finishedAt }) => (
        <tr key={run}>
          <td>
            <a class="name" href={to('nodes', node)}>
              {node}
            </a>
          </td>
          <td>
            <span class="chips">
              <Status look={runLooks[outcome]} />
              {still && <span class="chip">still</span>}
            </span>
          </td>
          <td class="widest">
            <span class="clip" title={error ?? undefined}>
              <span class="mono">{resource}</span> <span class="muted">{error}</span>
            </span>
          </td>
          <td class="right">
            <a data-row href={to('runs', run)}>
              <Ago at={finishedAt} />
            </a>
          </td>
        </tr>
      ))}
    </Table>
  )
}

function NoNodes() {
  return (
    <>
      <PageHead title="Fleet" />
      <Empty title="No nodes yet">
        Make a join token with <code>trivet token create</code> or under <a href="/tokens">Tokens</a>, and join a node
        with it.
      </Empty>
    </>
  )
}

/** Days are those of UTC. */
function dayName(at: number) {
  return new Date(at).toLocaleDateString('en', { month: 'short', day: 'numeric', timeZone: 'UTC' })
}
