import { apiTokensApi } from './api/api-tokens.ts'
import { attributesApi } from './api/attributes.ts'
import type { Endpoint } from './api/endpoint.ts'
import { fleetApi } from './api/fleet.ts'
import { feedApi } from './api/feed.ts'
import { exportApi } from './api/export.ts'
import { leasesApi } from './api/leases.ts'
import { nodesApi } from './api/nodes.ts'
import { ordersApi } from './api/orders.ts'
import { revisionsApi } from './api/revisions.ts'
import { rolesApi } from './api/roles.ts'
import { runsApi } from './api/runs.ts'
import { serverApi } from './api/server.ts'
import { sessionApi } from './api/session.ts'
import { tokensApi } from './api/tokens.ts'
import { usersApi } from './api/users.ts'
import { webhooksApi } from './api/webhooks.ts'

/** The whole API. The server serves this table, the command line and the console call it. */
export const api = {
  ...serverApi,
  ...sessionApi,
  ...fleetApi,
  ...nodesApi,
  ...attributesApi,
  ...rolesApi,
  ...revisionsApi,
  ...tokensApi,
  ...usersApi,
  ...apiTokensApi,
  ...ordersApi,
  ...runsApi,
  ...leasesApi,
  ...feedApi,
  ...webhooksApi,
  ...exportApi,
} satisfies Record<string, Endpoint>
export type Api = typeof api
