import { api } from '../../protocol/api.ts'
import type { ResourceEvent } from '../../protocol/events.ts'
import { isFinal, type Order as OrderView, statesOf, type Target } from '../../protocol/views.ts'
import { useCall } from '../data/use-call.ts'
import { useAct } from '../data/act.ts'
import { call } from '../data/client.ts'
import { say } from '../data/notes.ts'
import type { AllProgress, Progress } from '../data/progress.ts'
import { useProgress } from '../data/under-way.ts'
import { useOnce } from '../data/use-once.ts'
import { isOver, useOrder } from '../data/use-order.ts'
import { useMay } from '../me.ts'
import { Events } from '../parts/events.tsx'
import { Icon } from '../parts/icon.tsx'
import { Bar, Done, nameOfTargets, TargetCounts } from '../parts/order-parts.tsx'
import { Ago, Card, Empty, Loading, PageHead, Status, Trouble } from '../parts/parts.tsx'
import { countsText } from '../parts/run-parts.tsx'
import { pageIn, Pager, Table } from '../parts/table.tsx'
import { hrefOf, to } from '../route.ts'
import { go, usePlace } from '../router.ts'
import { targetLooks } from '../status.ts'
import { timeOf, orderWords } from '../text.ts'

export function Order({ params: { order: id = '' } }: { params: Record<string, string> }) {
  const { value: order, failure } = useOrder(id)
  const progress = progressOf(useProgress(), id)
  const { query } = usePlace()
  if (!order) return failure ? <Trouble failure={failure} /> : <Loading />
  const node = query['node'] ?? nodeToShow(order.targets)
  const shown = order.targets.find((target) => target.node === node)
  return (
    <>
      <OrderHead order={order} />
      <Trouble failure={failure} />
      <div class="columns">
        <Card title="Targets" flush aside={<Done states={statesOf(order.targets)} />}>
          <Targets order={order} progress={progress} shown={node} page={pageIn(query)} />
        </Card>
        {shown && <Live target={shown} progress={progress[shown.node]} />}
      </div>
    </>
  )
}

type ProgressOfNodes = Record<string, Progress>

/** What each target does for this order. */
function progressOf(all: AllProgress, order: string): ProgressOfNodes {
  const ofOrder = [...all.values()].filter(({ orders }) => orders.includes(order))
  return Object.fromEntries(ofOrder.map((one) => [one.node, one]))
}

/** The one that runs, or the first. */
function nodeToShow(targets: Target[]) {
  return (
    targets.find(({ state }) => state === 'started') ??
    targets.find(({ state }) => state === 'failed') ??
    targets[0]
  )?.node
}

function OrderHead({ order }: { order: OrderView }) {
  const { id, mode, author, createdAt, deadline, targets, plan, again } = order
  return (
    <PageHead
      under={[{ name: 'Orders', href: '/orders' }]}
      title={
        <>
          {orderWords[mode]} {nameOfTargets(targets)} <TargetCounts states={statesOf(targets)} />
        </>
      }
      lead={
        <>
          <span class="mono">{id}</span> · by {author} <Ago at={createdAt} />
          {!isOver(order) && <> · ends at {timeOf(deadline)} at the latest</>}
          {plan && <> · by plan {plan.slice(0, 12)}</>}
          {again && (
            <>
              {' '}
              · <a href={to('orders', again)}>{again}</a> again
            </>
          )}
        </>
      }
    >
      <Acts order={order} />
    </PageHead>
  )
}

const badStates = new Set<Target['state']>(['failed', 'unreachable', 'timed-out', 'refused', 'cancelled'])

function Acts({ order: { id, targets } }: { order: OrderView }) {
  const may = useMay('operator')
  const cancelling = useAct(async () => {
    await call(api.cancelOrder, { id })
    say('Cancelled for every node that was not done.')
  })
  const bad = targets.filter(({ state }) => badStates.has(state)).map(({ node }) => node)
  const { keyFor } = useOnce()
  const again = useAct(async () => {
    const { id: next } = await call(api.orderAgain, { id, idempotencyKey: keyFor({ again: id }) })
    go(to('orders', next))
  })
  if (!may) return null
  return (
    <>
      {targets.some(({ state }) => !isFinal(state)) && (
        <button type="button" class="button danger" disabled={cancelling.busy} onClick={() => void cancelling.run()}>
          <Icon name="stop" />
          Cancel
        </button>
      )}
      {bad.length > 0 && (
        <button type="button" class="button" disabled={again.busy} onClick={() => void again.run()}>
          <Icon name="orders" />
          Again on {bad.length} that did not converge
        </button>
      )}
    </>
  )
}

interface TargetsProps {
  order: OrderView
  progress: ProgressOfNodes
  shown: string | undefined
  page: number
}

const pageSize = 100

function Targets({ order, progress, shown, page }: TargetsProps) {
  const head = ['Node', 'State', 'What'].map((name) => (
    <th key={name} scope="col">
      {name}
    </th>
  ))
  const count = order.targets.length
  const table = (
    <Table label="Targets" head={head}>
      {order.targets.slice((page - 1) * pageSize, page * pageSize).map((target) => (
        <tr key={target.node} class={target.node === shown ? 'selected' : ''}>
          <td>
            <a
              data-row
              class="name"
              href={hrefOf(to('orders', order.id), { node: target.node, page: page > 1 ? String(page) : undefined })}
            >
              {target.node}
            </a>
          </td>
          <td>
            <Status look={targetLooks[target.state]} />
          </td>
          <td class="wide">
            <TargetText target={target} progress={progress[target.node]} />
          </td>
        </tr>
      ))}
    </Table>
  )
  return (
    <>
      {table}
      {count > pageSize && <Pager number={page} size={pageSize} count={count} />}
    </>
  )
}

function TargetText({
  target: { state, reason, counts, node },
  progress,
}: {
  target: Target
  progress: Progress | undefined
}) {
  if (progress && !isFinal(state))
    return <Bar done={progress.done} total={progress.total} label={`Resources done on ${node}`} />
  const text = reason ?? (counts ? countsText(counts) : '')
  return (
    <span class="clip" title={text}>
      {text}
    </span>
  )
}

/** What one node does just now, resource by resource; when it is done, what its run did. */
function Live({ target, progress }: { target: Target; progress: Progress | undefined }) {
  const { node, run, state, reason } = target
  const link = run ? <a href={to('runs', run)}>The whole run</a> : <a href={to('nodes', node)}>The node</a>
  return (
    <Card title={node} flush aside={link}>
      <div aria-live="polite">
        {run && isFinal(state) && !progress ? (
          <Past run={run} state={state} />
        ) : (
          <EventsOrNone events={progress?.events ?? []} state={state} reason={reason} />
        )}
      </div>
    </Card>
  )
}

function Past({ run, state }: { run: string; state: Target['state'] }) {
  const { value, failure } = useCall(api.readRun, { id: run })
  if (!value) return failure ? <Trouble failure={failure} /> : <Loading />
  return <EventsOrNone events={value.events} state={state} reason={value.run.error ?? countsText(value.run.counts)} />
}

function EventsOrNone({ events, state, reason }: Pick<Target, 'state' | 'reason'> & { events: ResourceEvent[] }) {
  if (events.length > 0) return <Events events={events} />
  return <Empty title={isFinal(state) ? targetLooks[state].label : 'Nothing has changed yet'}>{reason}</Empty>
}
