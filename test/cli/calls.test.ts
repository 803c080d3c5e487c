import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { z } from 'zod'
import { choicesOf } from '../../cli/choices.ts'
import { commands } from '../../cli/commands/index.ts'
import { verbOf } from '../../cli/usage.ts'
import { api } from '../../protocol/api.ts'
import type { Endpoint } from '../../protocol/api/endpoint.ts'
import { serveApi } from '../helpers/api-server.ts'
import { tempDir } from '../helpers/converges.ts'
import { wordsOf } from '../helpers/examples.ts'
import { nodeOf, orderOf, targetOf } from '../helpers/records.ts'
import { trivet } from '../helpers/trivet.ts'

/** Calls that no command makes, each with the reason. */
const notForCommands = {
  readSession: 'a session is for browsers; trivet whoami tells whose the token is',
  createSession: 'it sets a cookie for browsers; trivet login names a token',
  endSession: 'it takes the cookie from a browser',
} as const
type Made = Exclude<keyof typeof api, keyof typeof notForCommands>

/** For each other call a command line that makes it; the compiler tells which is missing. */
const lines: Record<Made, string> = {
  whoami: 'whoami',
  readFleet: 'fleet',
  readActivity: 'run activity',
  compareRuns: 'run diff 11111111 22222222',
  compareNodes: 'node diff n1 n2',
  readTimeline: 'node timeline n1',
  listNodes: 'node list --json',
  readNode: 'node show n1',
  readCatalog: 'node catalog n1',
  assignRoles: 'node assign n1 web',
  unassignRoles: 'node unassign n1 web',
  disableNodes: 'node disable n1 --reason why',
  enableNodes: 'node enable n1',
  auditNodes: 'node audit n1 --reason why',
  enforceNodes: 'node enforce n1',
  renameNode: 'node rename n1 n2',
  approveNode: 'node approve n1',
  archiveNode: 'node archive n1',
  restoreNode: 'node restore n1',
  listArchivedNodes: 'node archived',
  revokeNode: 'node revoke n1 --yes',
  setAttribute: 'node set n1 web.port 80',
  unsetAttribute: 'node unset n1 web.port',
  explain: 'node explain n1 web.port',
  explainNode: 'node explain n1',
  listClusters: 'cluster list',
  listRoles: 'role list',
  readRole: 'role show web',
  listRecipes: 'recipe list',
  readRecipe: 'recipe show web',
  readRevision: 'recipe changes',
  checkSources: 'recipe check',
  listRevisions: 'revision list',
  readPastRevision: 'revision show 12345678',
  createToken: 'token create',
  readAttestation: 'token attested',
  listTokens: 'token list',
  deleteToken: 'token delete abcdefgh',
  createUser: 'user create ann --access viewer',
  listUsers: 'user list',
  readUser: 'user show ann',
  changeUser: 'user disable ann',
  deleteUser: 'user delete ann',
  createApiToken: 'api-token create ci',
  listApiTokens: 'api-token list',
  revokeApiToken: 'api-token revoke abcdefgh',
  createOrder: 'converge n1',
  orderAgain: 'order again order1',
  listOrders: 'order list',
  readOrder: 'order show order1',
  watchOrder: 'order watch order1',
  cancelOrder: 'order cancel order1',
  listRuns: 'run list',
  readRun: 'run show 11111111',
  exportRuns: 'export runs',
  exportAudit: 'export audit',
  listLeases: 'lease list',
  releaseLease: 'lease release quorum n1',
  watchFleet: 'events',
  listAudit: 'audit',
  readMetrics: 'metrics',
  readOpenApi: 'openapi',
  backup: 'backup FOLDER/store.sqlite',
  createWebhook: 'webhook create pager https://pager.example/',
  listWebhooks: 'webhook list',
  switchWebhook: 'webhook off pager',
  deleteWebhook: 'webhook delete pager',
  testWebhook: 'webhook test pager',
  listDeliveries: 'webhook log',
  readDelivery: 'webhook show delivery1',
  retryDeliveries: 'webhook retry pager',
}

/** Queries that another line gives, or a flag of another name. */
const otherwise: Record<string, string> = {
  'listRuns text': 'run search',
  'compareRuns with': 'an operand',
  'compareNodes with': 'an operand',
  'listNodes is': 'an operand',
}
const flagNames: Record<string, string> = {
  from: 'since',
  to: 'until',
  withoutRole: 'without-role',
  'listRuns text': 'TEXT',
  'exportRuns format': 'csv',
  'exportAudit format': 'csv',
}
/** What is told beside; to ask for it not to be is the same as not to ask. */
const beside = ['facts', 'attributes', 'events']
/** Pages are walked. */
const paging = ['limit', 'after', 'skip']

const endpoints = new Map<string, Endpoint>(Object.entries(api))

interface Query {
  call: string
  name: string
  schema: z.ZodType
}

/** Every filter and sort that a call takes in its query. */
const queries = Object.keys(lines).flatMap((call): Query[] => {
  const { method, path, input } = endpointOf(call)
  if (method !== 'GET' || !(input instanceof z.ZodObject)) return []
  const inPath = [...path.matchAll(/:(\w+)/g)].map(([, name]) => name)
  return Object.entries(input.shape)
    .filter(([name]) => !inPath.includes(name) && !paging.includes(name))
    .map(([name, schema]) => ({ call, name, schema: z.instanceof(z.ZodType).parse(schema) }))
})

test('every call of the API can be made from the command line', async (t) => {
  const ask = await asking(t)
  for (const [call, line] of Object.entries(lines)) {
    const made = await ask(call, wordsOf(line.replace('FOLDER', await tempDir(t))))
    assert(made, `'trivet ${line}' does not call api.${call}.`)
  }
})

test('every filter of the API is an option of its command', async (t) => {
  const ask = await asking(t)
  for (const call of Object.keys(lines)) {
    const ways = queries.filter((query) => query.call === call && query.name !== 'sort').flatMap(waysTo)
    for (const line of new Set(ways.map(({ line: one }) => one))) {
      const asked = ways.filter((way) => way.line === line)
      const words = [...wordsOf(line), ...asked.flatMap(({ flag }) => flag)]
      const given = await ask(call, words)
      for (const { name, value } of asked) {
        const hint = `'trivet ${words.join(' ')}' must ask api.${call} with ${name}=${value}, not ${given?.get(name)}.`
        assert.match(given?.get(name) ?? '', value, hint)
      }
    }
  }
})

test('every sort of the API is one of its command', async (t) => {
  const ask = await asking(t)
  for (const { call, schema } of queries.filter(({ name }) => name === 'sort')) {
    const sorts = choicesOf(schema)
    for (const sort of sorts.length > 1 ? sorts : [])
      assert.equal((await ask(call, [...wordsOf(lineOf(call)), '--sort', sort]))?.get('sort'), sort, `${call} ${sort}`)
  }
})

test('every list can be had as one JSON, and as one a line', () => {
  const lists = Object.keys(lines).filter((call) => isList(endpointOf(call)))
  assert(lists.length > 10)
  for (const call of lists) {
    const { usage, flags = {} } = commandOf(wordsOf(lineOf(call)))
    assert(flags['json'] && flags['jsonl'], usage)
  }
})

interface Way {
  name: string
  line: string
  flag: string[]
  value: RegExp
}

/** How a command line asks with the query, and what the query is then. */
function waysTo({ call, name, schema }: Query): Way[] {
  const line = otherwise[`${call} ${name}`] ?? lineOf(call)
  if (line === 'an operand') return []
  const { flags = {}, usage } = commandOf(wordsOf(line))
  const flag = flagNames[`${call} ${name}`] ?? flagNames[name] ?? name
  if (flag === 'TEXT') return [{ name, line: `${line} a1`, flag: [], value: /^a1$/ }]
  const { type } = flags[flag] ?? assert.fail(`'${usage}' lacks --${flag}, by which api.${call} can be asked.`)
  const way = (given: string[], value: RegExp, more = '') => ({ name, line: line + more, flag: given, value })
  if (type === 'string') {
    const isTime = flag === 'since' || flag === 'until'
    const value = choicesOf(schema)[0] ?? (isTime ? '7d' : '7')
    return [way([`--${flag}`, value], isTime ? /^\d+$/ : new RegExp(`^${value}$`))]
  }
  const isEither = schema.safeParse('false').success && !beside.includes(name)
  return [
    way([`--${flag}`], new RegExp(`^(true|${flag})$`)),
    ...(isEither ? [way([`--no-${flag}`], /^false$/, ' ')] : []),
  ]
}

/** Runs a command line against a server that knows little, and gives the query with which the call was made. */
async function asking(t: TestContext) {
  const of = { id: 'i1', createdAt: 0, lastSeenAt: null, facts: null, attributes: {}, ordinals: {}, catalog: null }
  const answers = {
    'GET /api/orders/order1': orderOf([targetOf('n1')]),
    'GET /api/nodes/n1': { ...nodeOf('n1'), ...of },
  }
  const { login, asked } = await serveApi(t, answers)
  const home = await tempDir(t)
  return async (call: string, words: string[]) => {
    const from = asked.length
    await trivet(words, { home, login })
    const { method, path } = endpointOf(call)
    const isIt = new RegExp(`^${method} ${path.replaceAll(/:\w+/g, '[^/]+')}$`)
    const made = asked.slice(from).map((one) => one.call.split('?'))
    const found = made.find(([place = '']) => isIt.test(place))
    return found && new URLSearchParams(found[1])
  }
}

function endpointOf(call: string) {
  return endpoints.get(call) ?? assert.fail(`There is no api.${call}.`)
}

function lineOf(call: string) {
  return new Map<string, string>(Object.entries(lines)).get(call) ?? assert.fail(call)
}

/** The answer has a page of items. */
function isList({ output }: Endpoint) {
  return output instanceof z.ZodObject && 'items' in output.shape && 'next' in output.shape
}

function commandOf(words: string[]) {
  const isIt = ({ usage }: { usage: string }) => `${words.join(' ')} `.startsWith(`${verbOf(usage)} `)
  const [longest] = commands.filter(isIt).toSorted((a, b) => verbOf(b.usage).length - verbOf(a.usage).length)
  return longest ?? assert.fail(`there is no verb in '${words.join(' ')}'`)
}
