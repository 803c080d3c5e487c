import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import type { IncomingHttpHeaders } from 'node:http'
import { request } from 'node:https'
import { join as joinPath } from 'node:path'
import { test } from 'node:test'
import type { z } from 'zod'
import { api } from '../../protocol/api.ts'
import type { Page } from '../../protocol/api/page.ts'
import { serverName } from '../../protocol/enrolment.ts'
import { openSqliteStore } from '../../server/store/sqlite.ts'
import { connect, enrol, reportOf } from '../helpers/fake-agent.ts'
import { type Served, serve } from '../helpers/test-server.ts'

async function join({ place, joinToken }: Served, name: string, roles = ['word']) {
  const { keys } = await enrol(place, await joinToken({ roles }), name)
  const agent = await connect(place, keys)
  await agent.next(roles.length > 0 ? 'catalog' : 'no-catalog')
  return agent
}

interface Raw {
  method?: string
  headers?: Record<string, string>
  body?: string
}

interface Answer {
  status: number
  headers: IncomingHttpHeaders
  code: string
  error: string
  request: string
}

/** A request of which nothing is done for it. */
function raw({ url, ca, token }: Served, path: string, { method = 'GET', headers = {}, body }: Raw = {}) {
  return new Promise<Answer>((resolve, reject) => {
    const options = { method, ca, servername: serverName, agent: false as const }
    const sent = request(`${url}${path}`, { ...options, headers: { authorization: `Bearer ${token}`, ...headers } })
    sent.on('response', (response) => {
      let text = ''
      response.on('data', (part: Buffer) => (text += part.toString()))
      response.on('end', () =>
        resolve({ ...JSON.parse(text), status: response.statusCode ?? 0, headers: response.headers }),
      )
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

const json = { 'content-type': 'application/json' }

/** Lists in lists, so many. */
const nest = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`

test('nodes are listed with facts and attributes where that is asked for', async (t) => {
  const served = await serve(t)
  await join(served, 'n1')
  await served.client.call(api.setAttribute, { scope: 'nodes', name: 'n1', key: 'word.word', value: 'hi' })
  const [plain] = await served.client.list(api.listNodes, {})
  assert(plain && !('facts' in plain) && !('attributes' in plain))
  const [whole] = await served.client.list(api.listNodes, { facts: true, attributes: true })
  assert.equal(whole?.facts?.hostname, 'n')
  assert.deepEqual(whole?.attributes, { 'word.word': 'hi' })
})

test('says who the token is and which server this is', async (t) => {
  const { client } = await serve(t)
  const { revision, token, ...who } = await client.call(api.whoami, {})
  assert.deepEqual(who, { name: 'admin', access: 'admin', clusters: 'all', version: '0.1.0', sourceErrors: [] })
  assert.deepEqual([token?.name, token?.expiresAt], ['first', null])
  assert.match(revision, /^[0-9a-f]{64}$/)
})

test('lets nobody in without a token that it knows', async (t) => {
  const served = await serve(t)
  for (const authorization of ['', 'Basic YTpi', 'Bearer', 'Bearer x', `Bearer ${served.token.slice(0, 20)}`])
    assert.equal((await raw(served, '/api/nodes', { headers: { authorization } })).status, 401, authorization)
})

test('tells too many wrong tokens to wait, while a right one still works', async (t) => {
  const served = await serve(t)
  const wrong = { headers: { authorization: 'Bearer wrong.token' } }
  for (let i = 0; i < 30; i++) await raw(served, '/api/nodes', wrong)
  assert.equal((await raw(served, '/api/nodes', wrong)).code, 'too-many-attempts')
  await served.client.call(api.whoami, {})
})

test('names what is wrong in an input, and what would be right', async (t) => {
  const served = await serve(t)
  await join(served, 'web-1')
  const deep = { method: 'PUT', headers: json, body: `{"value":${nest(2500)}}` }
  const cases: [string, Raw, number, string, RegExp][] = [
    ['/api/nodes/web-2', {}, 404, 'unknown-node', /There is no node web-2. Did you mean web-1\?/],
    ['/api/nodes/Web', {}, 400, 'bad-input', /node: lower-case/],
    ['/api/roles/wrod', {}, 404, 'unknown-role', /Did you mean word\?/],
    ['/api/nowhere', {}, 404, 'unknown-route', /GET \/api\/nowhere/],
    ['/api/runs?limit=0', {}, 400, 'bad-input', /limit/],
    ['/api/runs/12345', {}, 404, 'unknown-run', /no run 12345/],
    ['/api/orders/none', {}, 404, 'unknown-order', /no order none/],
    ['/api/nodes/web-1/roles', { method: 'POST', headers: json, body: '{"roles":[]}' }, 400, 'bad-input', /roles/],
    ['/api/nodes/web-1/roles', { method: 'POST', headers: json, body: '{"roles"' }, 400, 'bad-input', /JSON/],
    [
      '/api/nodes/web-1/attributes/word.word',
      deep,
      400,
      'bad-input',
      /more than 100 lists and objects within each other/,
    ],
    ['/api/nodes/web-1/roles', { method: 'POST', headers: json, body: '[]' }, 400, 'bad-input', /object/],
    ['/api/orders', { method: 'POST', headers: { 'content-type': 'text/plain' }, body: 'x' }, 415, 'not-json', /./],
    ['/api/orders', { method: 'POST', headers: json, body: `"${'x'.repeat(1024 * 1024)}"` }, 413, 'too-large', /./],
    ['/api/orders', { method: 'POST', headers: json, body: '{}' }, 400, 'bad-input', /exactly one/],
    [
      '/api/orders',
      { method: 'POST', headers: json, body: '{"role":"pair"}' },
      409,
      'no-nodes',
      /No node has the role pair/,
    ],
  ]
  for (const [path, given, status, code, error] of cases) {
    const answer = await raw(served, path, given)
    assert.deepEqual([answer.status, answer.code], [status, code], `${path} ${answer.error}`)
    assert.match(answer.error, error)
  }
})

test('each response is named by its request, as the log and an error name it too', async (t) => {
  const served = await serve(t)
  const own = await raw(served, '/api/nodes/nobody')
  assert.match(own.request, /^[0-9a-f]{12}$/)
  assert.equal(own.headers['x-request-id'], own.request)
  assert(served.log.some((line) => line.includes(`"request":"${own.request}"`)))
  const named = await raw(served, '/api/nodes', { headers: { 'x-request-id': 'proxy-7' } })
  assert.equal(named.headers['x-request-id'], 'proxy-7')
  const forged = await raw(served, '/api/nodes', { headers: { 'x-request-id': 'a "b"' } })
  assert.match(String(forged.headers['x-request-id']), /^[0-9a-f]{12}$/)
})

test('a body cannot speak of another node than the path does', async (t) => {
  const served = await serve(t)
  await join(served, 'n1', [])
  await join(served, 'n2', [])
  await raw(served, '/api/nodes/n1/roles', { method: 'POST', headers: json, body: '{"node":"n2","roles":["word"]}' })
  const nodes = await served.client.list(api.listNodes, { role: 'word' })
  assert.deepEqual(
    nodes.map(({ name }) => name),
    ['n1'],
  )
})

test('shows a node with facts, roles, ordinals, catalog and last run', async (t) => {
  const served = await serve(t)
  const agent = await join(served, 'n1', ['word', 'pair'].slice(0, 1))
  const report = reportOf(randomUUID(), { outcome: 'changed', owed: ['restart service[a]'] })
  agent.send({ type: 'report', report, clock: Date.now() })
  await agent.next('stored')
  const node = await served.client.call(api.readNode, { node: 'n1' })
  assert.deepEqual(
    [node.state, node.connected, node.address, node.ordinals],
    ['changed', true, '10.0.0.1', { word: 1 }],
  )
  assert.deepEqual([node.lastRun?.id, node.owed, node.catalog?.resources], [report.run.id, ['restart service[a]'], 1])
  const catalog = await served.client.call(api.readCatalog, { node: 'n1' })
  assert.equal(catalog.digest, node.catalog?.digest)
  const { run } = await served.client.call(api.readRun, { id: report.run.id.slice(0, 8) })
  assert.equal(run.node, 'n1')
})

test('roles that do not exist cannot be assigned, and a wrong attribute is not set', async (t) => {
  const { client, place, joinToken } = await serve(t)
  await enrol(place, await joinToken(), 'n1')
  await assert.rejects(client.call(api.assignRoles, { node: 'n1', roles: ['wrod'] }), /Did you mean word/)
  const set = (key: string, value: string | number) =>
    client.call(api.setAttribute, { scope: 'nodes', name: 'n1', key, value })
  await assert.rejects(set('wrod.word', 'x'), /no recipe wrod/)
  await assert.rejects(set('word.wrod', 'x'), /bad-attribute/)
  await assert.rejects(set('word.word', 7), /bad-attribute/)
  await assert.rejects(
    client.call(api.unsetAttribute, { scope: 'clusters', name: 'nowhere', key: 'word.word' }),
    /no cluster/,
  )
})

test('explains an attribute layer by layer, with who set it', async (t) => {
  const { client, place, joinToken } = await serve(t)
  await enrol(place, await joinToken({ roles: ['word'] }), 'n1')
  await client.call(api.setAttribute, { scope: 'clusters', name: 'default', key: 'word.word', value: 'all' })
  await client.call(api.setAttribute, { scope: 'nodes', name: 'n1', key: 'word.word', value: 'mine' })
  const { value, layers } = await client.call(api.explain, { node: 'n1', key: 'word.word' })
  assert.equal(value, 'mine')
  assert.deepEqual(
    layers.map(({ layer, value: of, author }) => ({ layer, of, author })),
    [
      { layer: 'recipe word', of: 'hello', author: null },
      { layer: 'cluster default', of: 'all', author: 'admin' },
      { layer: 'node n1', of: 'mine', author: 'admin' },
    ],
  )
  assert.deepEqual(await client.call(api.explainNode, { node: 'n1' }), [{ key: 'word.word', value, layers }])
  await client.call(api.unsetAttribute, { scope: 'nodes', name: 'n1', key: 'word.word' })
  assert.equal((await client.call(api.explain, { node: 'n1', key: 'word.word' })).value, 'all')
  await client.call(api.setAttribute, { scope: 'nodes', name: 'n1', key: 'word.word', value: 'mine' })
  await assert.rejects(
    client.call(api.unsetAttribute, { scope: 'nodes', name: 'n1', key: 'word.wrod' }),
    /word\.wrod is not set for node n1\. Did you mean word\.word\?/,
  )
})

test('lists roles, recipes, tokens and the audit', async (t) => {
  const { client, place, joinToken } = await serve(t)
  await enrol(place, await joinToken({ roles: ['word'] }), 'n1')
  await joinToken({ uses: 3, names: 'web-*' })
  const roles = await client.list(api.listRoles, {})
  assert.deepEqual(
    roles.map(({ name, nodeCount }) => ({ name, nodeCount })),
    [
      { name: 'pair', nodeCount: 0 },
      { name: 'word', nodeCount: 1 },
    ],
  )
  const recipes = await client.list(api.listRecipes, {})
  assert.deepEqual(recipes[1], {
    name: 'word',
    description: 'A word on a file.',
    attributes: { 'word.word': { mustBeSet: false, default: 'hello' } },
    roles: ['word'],
    cleanup: 'keep',
  })
  assert.deepEqual(await client.call(api.readRecipe, { recipe: 'word' }), recipes[1])
  await assert.rejects(client.call(api.readRecipe, { recipe: 'wrod' }), /Did you mean word\?/)
  assert.deepEqual(
    (await client.list(api.listTokens, {})).map(({ usesLeft, names }) => ({ usesLeft, names })),
    [{ usesLeft: 3, names: 'web-*' }],
  )
  const actions = (await client.list(api.listAudit, {})).map(({ action }) => action)
  assert.deepEqual(actions, ['create-token', 'enrol', 'create-token', 'create-api-token', 'create-user'])
})

const names = (page: { items: { name: string }[] }) => page.items.map(({ name }) => name).join(' ')

test('a list comes in pages that leave nothing out, whatever comes and goes meanwhile', async (t) => {
  const served = await serve(t)
  const token = await served.joinToken({ uses: 9 })
  for (const name of ['n1', 'n2', 'n3', 'n4', 'n5']) await enrol(served.place, token, name)
  const { client } = served
  const first = await client.call(api.listNodes, { limit: 2 })
  assert.equal(names(first), 'n1 n2')
  await client.call(api.revokeNode, { node: 'n2' })
  await enrol(served.place, token, 'n0')
  const second = await client.call(api.listNodes, { limit: 2, after: first.next ?? '' })
  assert.equal(names(second), 'n3 n4')
  const third = await client.call(api.listNodes, { limit: 2, after: second.next ?? '' })
  assert.deepEqual([names(third), third.next], ['n5', null])
  const down = await client.call(api.listNodes, { limit: 2, sort: '-name' })
  assert.equal(names(down), 'n5 n4')
  assert.equal(names(await client.call(api.listNodes, { sort: '-name', after: down.next ?? '' })), 'n3 n1 n0')
  for (const after of [down.next ?? '', 'x', Buffer.from('["name",7]').toString('base64url')])
    await assert.rejects(client.call(api.listNodes, { after }), /bad-page/)
})

test('a list of nodes is filtered by how they stand and what they say, and tells how many there are on all pages', async (t) => {
  const served = await serve(t)
  const token = await served.joinToken({ uses: 3, roles: ['word'] })
  for (const name of ['n1', 'n2', 'n3']) await enrol(served.place, token, name)
  const { client } = served
  await client.call(api.disableNodes, { nodes: ['n2'], reason: 'a new disk' })
  await client.call(api.unassignRoles, { node: 'n3', roles: ['word'] })
  const second = await client.call(api.listNodes, { limit: 1, skip: 1 })
  assert.deepEqual([names(second), second.total], ['n2', 3])
  const listed = async (filter: z.input<typeof api.listNodes.input>) => names(await client.call(api.listNodes, filter))
  assert.equal(await listed({ limit: 1, after: second.next ?? '' }), 'n3')
  assert.equal(await listed({ text: 'N3' }), 'n3')
  assert.equal(await listed({ connected: true }), '')
  assert.equal(await listed({ is: 'offline', sort: '-name' }), 'n3 n2 n1')
  assert.equal(await listed({ is: 'disabled' }), 'n2')
  assert.equal(await listed({ is: 'failed' }), '')
  assert.equal(await listed({ withoutRole: 'word' }), 'n3')
})

/** Two pages are together what one is. */
async function agree<Item>(read: (page: { limit?: number; after?: string }) => Promise<Page<Item>>) {
  const { items, next } = await read({ limit: 2 })
  const rest = await read({ after: next ?? '' })
  assert(rest.items.length > 0)
  assert.deepEqual([...items, ...rest.items], (await read({ limit: 1000 })).items)
}

test('runs, orders and the audit go on where a page ended, and a walk of pages ends with the last or when it has enough', async (t) => {
  const served = await serve(t)
  const agent = await join(served, 'n1')
  for (const finishedAt of [1, 2, 3]) {
    const report = reportOf(randomUUID(), { startedAt: 0, finishedAt })
    agent.send({ type: 'report', report, clock: Date.now() })
    await agent.next('stored')
    await served.client.call(api.createOrder, { all: true, mode: 'plan' })
  }
  const { client } = served
  await agree((page) => client.call(api.listRuns, page))
  await agree((page) => client.call(api.listOrders, page))
  await agree((page) => client.call(api.listAudit, page))
  assert.deepEqual(await client.list(api.listRuns, {}, 2), (await client.list(api.listRuns, {})).slice(0, 2))
  assert.equal((await client.list(api.listOrders, { node: 'n1', open: true })).length, 3)
})

test('a backup is a database with the same content, and leaves nothing behind', async (t) => {
  const served = await serve(t)
  await enrol(served.place, await served.joinToken(), 'n1')
  const parts: Buffer[] = []
  for await (const part of served.client.download(api.backup, {})) parts.push(part)
  const path = joinPath(served.dir, 'copy.db')
  await writeFile(path, Buffer.concat(parts))
  const copy = await openSqliteStore(path)
  t.after(() => copy.close())
  assert.deepEqual(
    (await copy.readFleet()).nodes.map(({ name }) => name),
    ['n1'],
  )
  assert(await copy.readAuthority())
})
