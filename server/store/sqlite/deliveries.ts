import type { Database } from 'better-sqlite3'
import type { Attempt, Delivery, HookBody } from '../../../protocol/hooks.ts'
import { newId } from '../../secrets.ts'
import type { DeliveryFilter, DueDelivery, HookStore } from '../hooks.ts'
import { fromJson } from './json.ts'
import type { HookParts } from './webhooks.ts'

interface DeliveryRow extends Omit<Delivery, 'attempts' | 'nextAt'> {
  nextAt: number
  attempts: string
  body: string
}

const columns = `deliveries.id, webhook, kind, node, state, created_at as createdAt, next_at as nextAt, attempts, body`

/** More than this waits for no webhook: what comes then is dead at once, and in the log. */
const mostWaiting = 10_000

function deliveryOf({ id, webhook, kind, node, state, createdAt, nextAt, attempts }: DeliveryRow): Delivery {
  const next = state === 'waiting' ? nextAt : null
  return { id, webhook, kind, node, state, createdAt, nextAt: next, attempts: fromJson<Attempt[]>(attempts) }
}

/** To be called in a transaction. Each webhook gets the body with an id of its own. */
export function queuing(database: Database) {
  const insert = database.prepare<unknown[], DeliveryRow>(
    `insert into deliveries (id, webhook, kind, node, body, state, created_at, next_at, attempts)
     select :id, name, :kind, :node, :body, :state, :at, :at, '[]' from webhooks where name = :webhook
     returning ${columns}`,
  )
  const waiting = database.prepare<[string], { n: number }>(
    "select count(*) as n from deliveries where webhook = ? and state = 'waiting'",
  )
  /** Gives nothing when the webhook was deleted meanwhile. */
  return (webhook: string, told: HookBody) => {
    const id = newId()
    const { kind, at, node } = told
    const state = (waiting.get(webhook)?.n ?? 0) < mostWaiting ? 'waiting' : 'dead'
    return insert.get({ id, webhook, kind, at, node: node?.name ?? null, body: JSON.stringify({ ...told, id }), state })
  }
}

type DeliveryCalls = Exclude<
  keyof HookStore,
  'createWebhook' | 'listWebhooks' | 'switchWebhook' | 'deleteWebhook' | 'readTroubles' | 'tell'
>

export function createDeliveries(parts: HookParts): Pick<HookStore, DeliveryCalls> {
  return { ...sending(parts), ...log(parts) }
}

type Sending = 'dueDeliveries' | 'countWaiting' | 'nextDelivery' | 'attempted'

function sending({ database, write }: HookParts): Pick<HookStore, Sending> {
  const due = database.prepare<[string, number, number], DeliveryRow & Pick<DueDelivery, 'url' | 'secret'>>(
    `select ${columns}, url, secret from deliveries join webhooks on webhooks.name = webhook
     where state = 'waiting' and webhook = ? and next_at <= ? and enabled order by next_at, seq limit ?`,
  )
  const count = database.prepare<[], { n: number }>("select count(*) as n from deliveries where state = 'waiting'")
  const next = database.prepare<[string], { at: number | null }>(
    `select min(next_at) as at from deliveries join webhooks on webhooks.name = webhook
     where state = 'waiting' and webhook = ? and enabled`,
  )
  const attempted = database.prepare(
    `update deliveries set state = :state, next_at = :nextAt, attempts = json_insert(attempts, '$[#]', json(:attempt))
     where id = :id`,
  )
  return {
    dueDeliveries: async (webhook, now, limit) =>
      due.all(webhook, now, limit).map((row) => {
        const { url, secret, ...rest } = row
        return { ...deliveryOf(rest), body: row.body, url, secret }
      }),
    countWaiting: async () => count.get()?.n ?? 0,
    nextDelivery: async (webhook) => next.get(webhook)?.at ?? undefined,
    attempted: (id, attempt, then) =>
      write(() => void attempted.run({ id, ...then, attempt: JSON.stringify(attempt) })),
  }
}

type Log = 'queueTest' | 'findDeliveries' | 'readDelivery' | 'retryDead'

function log({ database, write, audit }: HookParts): Pick<HookStore, Log> {
  const one = database.prepare<[string], DeliveryRow>(`select ${columns} from deliveries where id = ?`)
  const retry = database.prepare(
    "update deliveries set state = 'waiting', next_at = ? where webhook = ? and state = 'dead'",
  )
  const queue = queuing(database)
  return {
    queueTest: (webhook, body) =>
      write(() => {
        const row = queue(webhook, body)
        if (!row) throw new Error(`A test of ${webhook} was not queued.`)
        return deliveryOf(row)
      }),
    findDeliveries: async (filter) => {
      const rows = database.prepare<unknown[], DeliveryRow & { seq: number }>(query(filter)).all(filter)
      return rows.map(({ seq, ...row }) => ({ ...deliveryOf(row), seq }))
    },
    async readDelivery(id) {
      const row = one.get(id)
      return row && { ...deliveryOf(row), body: row.body }
    },
    retryDead: (webhook, by) =>
      write(() => {
        const { changes } = retry.run(by.at, webhook)
        if (changes > 0) audit(by, { action: 'retry-webhook', subject: webhook, after: { deliveries: changes } })
        return changes
      }),
  }
}

function query({ webhook, state, sort = '-createdAt', after }: DeliveryFilter) {
  const isUp = sort === 'createdAt'
  const where = [
    webhook !== undefined && 'webhook = :webhook',
    state !== undefined && 'state = :state',
    after !== undefined && `seq ${isUp ? '>' : '<'} :after`,
  ].filter((condition) => condition !== false)
  return `select seq, ${columns} from deliveries ${where.length > 0 ? `where ${where.join(' and ')}` : ''}
          order by seq ${isUp ? 'asc' : 'desc'} limit :limit`
}
