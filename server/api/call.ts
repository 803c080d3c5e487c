import type { Readable } from 'node:stream'
import type { z } from 'zod'
import type { Api } from '../../protocol/api.ts'
import type { sessionApi } from '../../protocol/api/session.ts'
import type { Registry } from '../agents/registry.ts'
import type { Attesting } from '../attest/attesting.ts'
import type { Catalogs } from '../catalogs.ts'
import type { Feed } from '../feed/feed.ts'
import type { Gates } from '../gates.ts'
import type { Leases } from '../leases/leases.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { Orders } from '../orders/orders.ts'
import type { Handout } from '../install/handout.ts'
import type { Watcher } from '../orders/watching.ts'
import type { Revisions } from '../revisions.ts'
import type { Store } from '../store/store.ts'
import type { Webhooks } from '../webhooks/webhooks.ts'
import type { Caller } from './caller.ts'

/** What handlers work with. */
export interface ApiParts {
  store: Store
  catalogs: Catalogs
  revisions: Revisions
  orders: Orders
  registry: Registry
  gates: Gates
  leases: Leases
  metrics: Metrics
  feed: Feed
  webhooks: Webhooks
  handout: Pick<Handout, 'installer' | 'versions'>
  attesting: Pick<Attesting, 'settings'> | undefined
  clock: () => number
  version: string
  /** SHA-256 of the CA, the last part of tokens. */
  ca: string
  /** Where a backup is made before it is sent. */
  scratch: string
}

/** Starts telling updates, and gives back how to stop. */
export type Subscribe<Update> = (watcher: Watcher<Update>) => () => void

/** Text of a type that is not JSON. */
export interface Text {
  type: string
  body: Readable | string
}

type Result<Name extends keyof Api> = Name extends 'watchOrder' | 'watchFleet'
  ? Subscribe<z.infer<Api[Name]['output']>>
  : Name extends 'backup'
    ? Readable
    : Name extends 'readMetrics' | 'exportRuns' | 'exportAudit'
      ? Text
      : z.infer<Api[Name]['output']>

/** One for each call of the table, but those about the session itself; an entry that is missing is an error of tsc. */
export type Handlers = {
  [Name in Exclude<keyof Api, keyof typeof sessionApi>]: (
    input: z.infer<Api[Name]['input']>,
    caller: Caller,
  ) => Promise<Result<Name>>
}
