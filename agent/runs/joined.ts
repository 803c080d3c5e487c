import type { Request } from './run.ts'

/** Those of one kind wait as one. What is to do just what a plan said is a run of its own. */
export function kindOf({ mode, trigger, plan = '' }: Request) {
  return trigger === 'drift' ? trigger : `${mode} ${plan}`
}

/** Both as one run. One that has another reason than an order is not cancelled with the order. */
export function joined(waiting: Request, request: Request): Request {
  const { trigger } = waiting.trigger === 'order' ? request : waiting
  return { ...waiting, trigger, orders: [...waiting.orders, ...request.orders] }
}
