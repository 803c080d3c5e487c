import { api } from '../../protocol/api.ts'
import type { Client } from '../api-client.ts'
import type { Context } from '../context.ts'
import { readContexts } from '../login-file.ts'
import type { Noun } from './sources.ts'

/** How many of the newest are offered where there is no end of them. */
const newest = 50

const finders: Record<Exclude<Noun, 'context'>, (client: Client) => Promise<string[]>> = {
  node: async (client) => (await client.list(api.listNodes, {})).map(({ name }) => name),
  role: async (client) => (await client.list(api.listRoles, {})).map(({ name }) => name),
  recipe: async (client) => (await client.list(api.listRecipes, {})).map(({ name }) => name),
  cluster: async (client) => (await client.list(api.listClusters, {})).map(({ name }) => name),
  order: async (client) => (await client.list(api.listOrders, {}, newest)).map(({ id }) => id),
  run: async (client) => (await client.list(api.listRuns, {}, newest)).map(({ id }) => id.slice(0, 8)),
  revision: async (client) => (await client.list(api.listRevisions, {}, newest)).map(({ id }) => id.slice(0, 12)),
  token: async (client) => (await client.list(api.listTokens, {})).map(({ id }) => id),
  webhook: async (client) => (await client.list(api.listWebhooks, {})).map(({ name }) => name),
  group: async (client) => (await client.list(api.listLeases, {})).map(({ group }) => group),
  user: async (client) => (await client.list(api.listUsers, {})).map(({ name }) => name),
  'api-token': async (client) => (await client.list(api.listApiTokens, {})).map(({ id }) => id),
  attribute: async (client) =>
    (await client.list(api.listRecipes, {})).flatMap(({ attributes }) => Object.keys(attributes)),
}

/** Each name once, in the order that the server gives. */
export async function namesOf(noun: Noun, { loginPath, api: connect }: Pick<Context, 'api' | 'loginPath'>) {
  if (noun === 'context') return Object.keys((await readContexts(loginPath)).contexts)
  return [...new Set(await finders[noun](await connect()))]
}
