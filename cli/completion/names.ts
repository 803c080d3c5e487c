import { api } from '../../protocol/api.ts'
import type { Client } from '../api-client.ts'
import type { Context } from '../context.ts'
import { readContexts } from '../login-file.ts'
import type { Noun } from './sources.ts'

/** How many of the newest are offered where there is no end of them. */
const newest = 50

const finders: Record<Exclude<Noun, 'context'>, (client: Client) => Promise<string[]>> = {
  node: async (client) => (await client.call(api.listNodes, {})).map(({ name }) => name),
  role: async (client) => (await client.call(api.listRoles, {})).map(({ name }) => name),
  recipe: async (client) => (await client.call(api.listRecipes, {})).map(({ name }) => name),
  cluster: async (client) => (await client.call(api.listNodes, {})).map(({ cluster }) => cluster),
  order: async (client) => (await client.call(api.listOrders, { limit: newest })).map(({ id }) => id),
  run: async (client) => (await client.call(api.listRuns, { limit: newest })).map(({ id }) => id.slice(0, 8)),
  token: async (client) => (await client.call(api.listTokens, {})).map(({ id }) => id),
  group: async (client) => (await client.call(api.listLeases, {})).map(({ group }) => group),
  user: async (client) => (await client.call(api.listUsers, {})).map(({ name }) => name),
  'api-token': async (client) => (await client.call(api.listApiTokens, {})).map(({ id }) => id),
  attribute: async (client) =>
    (await client.call(api.listRecipes, {})).flatMap(({ attributes }) => Object.keys(attributes)),
}

/** Each name once, in the order that the server gives. */
export async function namesOf(noun: Noun, { loginPath, api: connect }: Pick<Context, 'api' | 'loginPath'>) {
  if (noun === 'context') return Object.keys((await readContexts(loginPath)).contexts)
  return [...new Set(await finders[noun](await connect()))]
}
