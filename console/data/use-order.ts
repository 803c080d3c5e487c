import { useMemo } from 'preact/hooks'
import { api } from '../../protocol/api.ts'
import { isFinal, type Order, type Target } from '../../protocol/views.ts'
import { useNews } from './news.ts'
import { type Called, useCall } from './use-call.ts'

/** An order, each of its targets as it is now. */
export function useOrder(id: string): Called<Order> {
  const { value, ...called } = useCall(
    api.readOrder,
    { id },
    { live: (event) => event.type === 'order' && event.order.id === id },
  )
  const news = useNews<Target>((event) =>
    event.type === 'target' && event.order === id ? [event.target.node, event.target] : undefined,
  )
  const order = useMemo(
    () => value && { ...value, targets: value.targets.map((target) => newer(target, news.get(target.node))) },
    [value, news],
  )
  return { value: order, ...called }
}

/** What is final stays so. */
function newer(read: Target, told: Target | undefined) {
  return told === undefined || isFinal(read.state) ? read : told
}

export function isOver({ targets }: Order) {
  return targets.every(({ state }) => isFinal(state))
}
