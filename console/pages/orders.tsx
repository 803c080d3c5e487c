import { api } from '../../protocol/api.ts'
import type { FeedEvent } from '../../protocol/api/feed.ts'
import { useList } from '../data/use-call.ts'
import { OrderTable } from '../parts/order-parts.tsx'
import { Loading, PageHead, Trouble } from '../parts/parts.tsx'
import { NewOrder } from './new-order.tsx'

const isOfOrder = ({ type }: FeedEvent) => type === 'order' || type === 'target'

export function Orders() {
  const { value, failure } = useList(api.listOrders, { limit: 200 }, { live: isOfOrder, settleMs: 600 })
  return (
    <>
      <PageHead title="Orders" lead="What people asked nodes to do, newest first.">
        <NewOrder mode="plan" target={{ all: true }} />
        <NewOrder mode="converge" target={{ all: true }} />
      </PageHead>
      <Trouble failure={failure} />
      <section class="card">{value ? <OrderTable orders={value} /> : !failure && <Loading />}</section>
    </>
  )
}
