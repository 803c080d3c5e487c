import { isFinal, type Order, type Target, TargetState } from '../../protocol/views.ts'
import { to } from '../route.ts'
import { targetLooks } from '../status.ts'
import { many } from '../text.ts'
import { Ago, Empty, Status } from './parts.tsx'
import { Table } from './table.tsx'

/** How many targets are in which state, in the order of the states. */
function countsOfTargets(targets: Target[]) {
  return TargetState.options.flatMap((state) => {
    const count = targets.filter((target) => target.state === state).length
    return count > 0 ? [{ state, count }] : []
  })
}

export function TargetCounts({ targets }: { targets: Target[] }) {
  return (
    <span class="chips">
      {countsOfTargets(targets).map(({ state, count }) => (
        <Status key={state} look={{ ...targetLooks[state], label: `${count} ${targetLooks[state].label}` }} />
      ))}
    </span>
  )
}

export function Done({ targets }: { targets: Target[] }) {
  const done = targets.filter(({ state }) => isFinal(state)).length
  return (
    <span class="progress">
      <progress max={targets.length} value={done} aria-label="Targets that are final" />
      <span class="number">
        {done}/{targets.length}
      </span>
    </span>
  )
}

export function OrderTable({ orders, small = false }: { orders: Order[]; small?: boolean }) {
  if (orders.length === 0) return <Empty title="No orders yet">An order asks nodes to converge, or to plan, now.</Empty>
  const head = (
    <>
      <th scope="col">Order</th>
      <th scope="col">{small ? 'Done' : 'Targets'}</th>
      {!small && (
        <th scope="col" class="lesser">
          By
        </th>
      )}
      <th scope="col" class="right">
        Asked
      </th>
    </>
  )
  return (
    <Table label="Orders" head={head}>
      {orders.map((order) => (
        <OrderRow key={order.id} order={order} small={small} />
      ))}
    </Table>
  )
}

function OrderRow({ order: { id, mode, targets, author, createdAt }, small }: { order: Order; small: boolean }) {
  return (
    <tr>
      <td>
        <a data-row class="name" href={to('orders', id)}>
          {mode === 'plan' ? 'Plan' : 'Converge'} {nameOfTargets(targets)}
        </a>
      </td>
      <td>{small ? <Done targets={targets} /> : <TargetCounts targets={targets} />}</td>
      {!small && <td class="lesser">{author}</td>}
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
