import { api } from '../../protocol/api.ts'
import type { NodeSummary, StoredRun } from '../../protocol/views.ts'
import { facets } from '../data/nodes.ts'
import { useList } from '../data/use-call.ts'
import { Icon } from '../parts/icon.tsx'
import { OrderTable } from '../parts/order-parts.tsx'
import { Ago, Card, Empty, Loading, PageHead, Status, Trouble } from '../parts/parts.tsx'
import { Table } from '../parts/table.tsx'
import { OutcomePlot } from '../plots/day-plot.tsx'
import type { Bar } from '../plots/days.ts'
import { hrefOf, to } from '../route.ts'
import { runLooks } from '../status.ts'
import { many } from '../text.ts'
import { NewOrder } from './new-order.tsx'

const everyMs = 5000

export function Fleet() {
  const nodes = useList(api.listNodes, {}, { every: everyMs })
  const failures = useList(api.listRuns, { outcome: 'failed', limit: 8 }, { every: everyMs })
  const orders = useList(api.listOrders, { open: true, limit: 100 }, { every: everyMs })
  const runs = useList(api.listRuns, { limit: 1000 }, { every: 60_000 })
  const open = orders.value
  if (nodes.value?.length === 0) return <NoNodes />
  return (
    <>
      <PageHead title="Fleet" lead={nodes.value && many(nodes.value.length, 'node')}>
        <NewOrder mode="plan" target={{ all: true }} />
        <NewOrder mode="converge" target={{ all: true }} />
      </PageHead>
      <div class="stack">
        <Trouble failure={nodes.failure} />
        <Tiles nodes={nodes.value ?? []} />
        <div class="columns wide-first">
          <Card title="Runs of the last days">
            <OutcomePlot bars={daysOf(runs.value ?? [])} label="Runs of the last days by outcome" nameOf={dayName} />
          </Card>
          <Card title="Orders under way" flush aside={<a href="/orders">All orders</a>}>
            {open && open.length > 0 ? (
              <OrderTable orders={open} small />
            ) : (
              <Empty title="None">Nobody waits for anything.</Empty>
            )}
          </Card>
        </div>
        <Card
          title="What failed last"
          flush
          aside={<a href={hrefOf('/history', { outcome: 'failed' })}>All failures</a>}
        >
          {failures.value ? <Failures runs={failures.value} /> : <Loading />}
        </Card>
      </div>
    </>
  )
}

function Tiles({ nodes }: { nodes: NodeSummary[] }) {
  return (
    <div class="tiles">
      {Object.entries(facets).map(([name, { label, tone, icon, has }]) => {
        const count = nodes.filter(has).length
        return (
          <a key={name} class={`tile ${count === 0 ? 'zero' : ''}`} href={hrefOf('/nodes', { is: name })}>
            <span class="count">{count.toLocaleString('en')}</span>
            <span class="label">
              <span class={tone}>
                <Icon name={icon} />
              </span>
              {label}
            </span>
          </a>
        )
      })}
    </div>
  )
}

function Failures({ runs }: { runs: StoredRun[] }) {
  if (runs.length === 0) return <Empty title="Nothing failed" />
  const head = ['Node', 'Outcome', 'Why', 'When'].map((name) => (
    <th key={name} scope="col" class={name === 'When' ? 'right' : ''}>
      {name}
    </th>
  ))
  return (
    <Table label="What failed last" head={head}>
      {runs.map(({ id, node, outcome, error, counts, finishedAt }) => (
        <tr key={id}>
          <td>
            <a class="name" href={to('nodes', node)}>
              {node}
            </a>
          </td>
          <td>
            <Status look={runLooks[outcome]} />
          </td>
          <td class="wide">
            <span class="clip">{error ?? `${many(counts.failed, 'resource')} failed`}</span>
          </td>
          <td class="right">
            <a data-row href={to('runs', id)}>
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

const dayMs = 86_400_000

function daysOf(runs: StoredRun[]): Bar[] {
  const today = new Date().setHours(0, 0, 0, 0)
  const days = Array.from({ length: 14 }, (_, index): Bar => ({ at: today - (13 - index) * dayMs, counts: {} }))
  for (const { finishedAt, outcome } of runs) {
    const day = days.findLast(({ at }) => at <= finishedAt)
    if (day) day.counts[outcome] = (day.counts[outcome] ?? 0) + 1
  }
  return days
}

function dayName(at: number) {
  return new Date(at).toLocaleDateString('en', { month: 'short', day: 'numeric' })
}
