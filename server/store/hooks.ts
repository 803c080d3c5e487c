import type { Attempt, Delivery, HookBody, HookKind, Webhook } from '../../protocol/hooks.ts'
import type { By } from './store.ts'

export type TroubleKind = Exclude<HookKind, 'recovered'>

export interface Trouble {
  /** The node's id. */
  node: string
  kind: TroubleKind
  since: number
  /** What it is: once that is another, it is told anew. */
  what: string
}

/** To be sent now. */
export interface DueDelivery extends Delivery {
  body: string
  url: string
  secret: string
}

/** They are numbered as they are made. */
interface NumberedDelivery extends Delivery {
  seq: number
}

export interface HookStore {
  /** False when the name is taken. */
  createWebhook(webhook: Webhook & { secret: string }, by: By): Promise<boolean>
  listWebhooks(): Promise<Webhook[]>
  /** False when there is none. */
  switchWebhook(name: string, enabled: boolean, by: By): Promise<boolean>
  deleteWebhook(name: string, by: By): Promise<boolean>
  readTroubles(): Promise<Trouble[]>
  /** Keeps, or ends, a trouble and queues what is to be told of it, all or nothing. */
  tell(told: { trouble: Trouble; over: boolean; body: HookBody; webhooks: string[] }): Promise<void>
  queueTest(webhook: string, body: HookBody): Promise<Delivery>
  /** Longest due first; none of a webhook that is off. */
  dueDeliveries(webhook: string, now: number, limit: number): Promise<DueDelivery[]>
  countWaiting(): Promise<number>
  /** When the next one is due. */
  nextDelivery(webhook: string): Promise<number | undefined>
  attempted(id: string, attempt: Attempt, then: { state: Delivery['state']; nextAt: number }): Promise<void>
  findDeliveries(filter: DeliveryFilter): Promise<NumberedDelivery[]>
  readDelivery(id: string): Promise<(Delivery & { body: string }) | undefined>
  /** Lets dead ones be tried again at once; gives how many. */
  retryDead(webhook: string, by: By): Promise<number>
}

export interface DeliveryFilter {
  webhook?: string | undefined
  state?: Delivery['state'] | undefined
  /** The newest first if not said. */
  sort?: '-createdAt' | 'createdAt' | undefined
  limit: number
  /** The number of the last delivery of the page before. */
  after?: number | undefined
}
