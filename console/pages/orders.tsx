import { api } from '../../protocol/api.ts'
import type { FeedEvent } from '../../protocol/api/feed.ts'
import { useCall } from '../data/use-call.ts'
import { OrderTable } from '../parts/order-parts.tsx'
import { Loading, PageHead, Trouble } from '../parts/parts.tsx'
import { Older } from '../parts/table.tsx'
import { usePlace } from '../router.ts'
import { NewOrder } from './new-order.tsx'

const isOfOrder = ({ type }: FeedEvent) => type === 'order' || type === 'target'

const pageSize = 50

export function Orders() {
  const { after } = usePlace().query
  const asked = { limit: pageSize, ...(after && { after }) }
  const { value, failure } = useCall(api.listOrders, asked, { live: isOfOrder, settleMs: 600 })
  return (
    <>
      <PageHead title="Orders" lead="What people told nodes to do, newest first.">
        <NewOrder mode="plan" target={{ all: true }} />
        <NewOrder mode="converge" target={{ all: true }} />
      </PageHead>
      <Trouble failure={failure} />
      <section class="card">
        {value ? <OrderTable orders={value.items} /> : !failure && <Loading />}
        <Older after={after} next={value?.next} />
      </section>
    </>
  )
}
