import type { Database } from 'better-sqlite3'
import type { HookKind, Webhook } from '../../../protocol/hooks.ts'
import type { HookStore, Trouble } from '../hooks.ts'
import type { Audit } from './audit.ts'
import type { Write } from './commits.ts'
import { createDeliveries, queuing } from './deliveries.ts'
import { fromJson } from './json.ts'

export interface HookParts {
  database: Database
  write: Write
  audit: Audit
}

interface WebhookRow extends Omit<Webhook, 'kinds' | 'clusters' | 'enabled'> {
  kinds: string
  clusters: string | null
  enabled: number
}

export function createHooks(parts: HookParts): HookStore {
  return { ...webhooks(parts), ...troubles(parts), ...createDeliveries(parts) }
}

function webhookOf({ kinds, clusters, enabled, ...row }: WebhookRow): Webhook {
  return {
    ...row,
    kinds: fromJson<HookKind[]>(kinds),
    clusters: clusters === null ? null : fromJson<string[]>(clusters),
    enabled: enabled === 1,
  }
}

type WebhookCalls = 'createWebhook' | 'listWebhooks' | 'switchWebhook' | 'deleteWebhook'

function webhooks({ database, write, audit }: HookParts): Pick<HookStore, WebhookCalls> {
  const insert = database.prepare(
    `insert or ignore into webhooks (name, url, secret, kinds, clusters, enabled, author, at)
     values (:name, :url, :secret, :kinds, :clusters, :enabled, :author, :at)`,
  )
  const all = database.prepare<[], WebhookRow>(
    'select name, url, kinds, clusters, enabled, author, at from webhooks order by name',
  )
  const turn = database.prepare('update webhooks set enabled = ? where name = ? and enabled <> ?')
  const there = database.prepare('select 1 from webhooks where name = ?')
  const remove = database.prepare('delete from webhooks where name = ?')
  return {
    createWebhook: (webhook, by) =>
      write(() => {
        const { kinds, clusters, enabled, secret: _, url, name } = webhook
        const lists = { kinds: JSON.stringify(kinds), clusters: clusters && JSON.stringify(clusters) }
        if (insert.run({ ...webhook, ...lists, enabled: enabled ? 1 : 0 }).changes === 0) return false
        // The path may be a secret of the receiver.
        audit(by, { action: 'create-webhook', subject: name, after: { origin: new URL(url).origin, kinds, clusters } })
        return true
      }),
    listWebhooks: async () => all.all().map(webhookOf),
    switchWebhook: (name, enabled, by) =>
      write(() => {
        const to = enabled ? 1 : 0
        if (turn.run(to, name, to).changes === 0) return there.get(name) !== undefined
        audit(by, { action: 'switch-webhook', subject: name, before: !enabled, after: enabled })
        return true
      }),
    deleteWebhook: (name, by) =>
      write(() => {
        if (remove.run(name).changes === 0) return false
        audit(by, { action: 'delete-webhook', subject: name })
        return true
      }),
  }
}

function troubles({ database, write }: HookParts): Pick<HookStore, 'readTroubles' | 'tell'> {
  const all = database.prepare<[], Trouble>('select node, kind, since, what from troubles order by since')
  const keep = database.prepare(
    `insert into troubles (node, kind, since, what) values (:node, :kind, :since, :what)
     on conflict do update set what = excluded.what`,
  )
  const end = database.prepare('delete from troubles where node = :node and kind = :kind')
  const queue = queuing(database)
  return {
    readTroubles: async () => all.all(),
    tell: ({ trouble, over, body, webhooks: names }) =>
      write(() => {
        const { node, kind } = trouble
        if (over) end.run({ node, kind })
        else keep.run({ ...trouble })
        for (const name of names) queue(name, body)
      }),
  }
}
