import { isFinal, type OrderSummary, type Target, TargetState } from '../../protocol/views.ts'
import { to } from '../route.ts'
import { targetLooks } from '../status.ts'
import { many, orderWords } from '../text.ts'
import { Ago, Empty, Status } from './parts.tsx'
import { Table } from './table.tsx'

type States = OrderSummary['states']

export function countOf(states: States, isMeant: (state: TargetState) => boolean = () => true) {
  return TargetState.options.filter(isMeant).reduce((sum, state) => sum + (states[state] ?? 0), 0)
}

/** How many targets are in which state, in the order of the states. */
export function TargetCounts({ states }: { states: States }) {
  const there = TargetState.options.filter((state) => states[state])
  return (
    <span class="chips">
      {there.map((state) => (
        <Status key={state} look={{ ...targetLooks[state], label: `${states[state]} ${targetLooks[state].label}` }} />
      ))}
    </span>
  )
}

export function Done({ states }: { states: States }) {
  const [done, all] = [countOf(states, isFinal), countOf(states)]
  return <Bar done={done} total={all} label="Targets that are final" />
}

export function Bar({ done, total, label }: { done: number; total: number; label: string }) {
  return (
    <span class="progress">
      <progress max={Math.max(total, 1)} value={done} aria-label={label} />
      <span class="number">
        {done}/{total}
      </span>
    </span>
  )
}

export function OrderTable({ orders }: { orders: OrderSummary[] }) {
  if (orders.length === 0) return <Empty title="No orders yet">An order asks nodes to converge, or to plan, now.</Empty>
  const head = (
    <>
      <th scope="col">Order</th>
      <th scope="col">Targets</th>
      <th scope="col" class="lesser">
        Author
      </th>
      <th scope="col" class="right">
        Given
      </th>
    </>
  )
  return (
    <Table label="Orders" head={head}>
      {orders.map((order) => (
        <OrderRow key={order.id} order={order} />
      ))}
    </Table>
  )
}

function OrderRow({ order: { id, mode, states, author, createdAt } }: { order: OrderSummary }) {
  return (
    <tr>
      <td>
        <a data-row class="name" href={to('orders', id)}>
          {orderWords[mode]} {many(countOf(states), 'node')}
        </a>
      </td>
      <td>
        <TargetCounts states={states} />
      </td>
      <td class="lesser">{author}</td>
      <td class="right muted">
        <Ago at={createdAt} />
      </td>
    </tr>
  )
}

export function nameOfTargets(targets: Target[]) {
  const [only, ...more] = targets
  return only && more.length === 0 ? only.node : many(targets.length, 'node')
}
