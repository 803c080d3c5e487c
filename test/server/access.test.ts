import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { type Client, makeClient } from '../../cli/api-client.ts'
import { api } from '../../protocol/api.ts'
import type { Endpoint } from '../../protocol/api/endpoint.ts'
import { Access, type Clusters } from '../../protocol/views.ts'
import { connect, enrol, reportOf } from '../helpers/fake-agent.ts'
import { type Served, serve } from '../helpers/test-server.ts'

/** Whoever calls with a token of a user of these rights. */
async function as(served: Served, name: string, access: Access, clusters: Clusters = 'all'): Promise<Client> {
  await served.client.call(api.createUser, { name, access, clusters })
  const { token } = await served.client.call(api.createApiToken, { name: 'one', user: name })
  return makeClient({ ...served.place, token })
}

function codeOf(call: Promise<unknown>) {
  return call.then(
    () => 'let in',
    (error: { code?: string }) => error.code,
  )
}

/** Two nodes in two clusters, each with a run, and an order for both. */
async function twoClusters(served: Served) {
  const runs: string[] = []
  for (const [name, cluster] of [
    ['b1', 'blue'],
    ['g1', 'green'],
  ] as const) {
    const { keys } = await enrol(served.place, await served.joinToken({ roles: ['word'], cluster }), name)
    const agent = await connect(served.place, keys)
    await agent.next('catalog')
    const report = reportOf(randomUUID(), { outcome: 'changed' })
    agent.send({ type: 'report', report, clock: Date.now() })
    await agent.next('stored')
    runs.push(report.run.id)
  }
  const order = await served.client.call(api.createOrder, { all: true })
  const [blue = '', green = ''] = runs
  return { blue, green, order: order.id }
}

/** What no call of its kind can be made without; the rest is refused before it is looked at, or for what it names. */
const input = {
  node: 'b1',
  nodes: ['b1'],
  roles: ['word'],
  role: 'word',
  recipe: 'word',
  user: 'nobody',
  id: 'none0000',
  key: 'word.word',
  scope: 'nodes',
  name: 'b1',
  group: 'g',
}

function pathOf({ path }: Endpoint) {
  return path.replaceAll(/:(\w+)/g, (_, name: string) =>
    String(Object.entries(input).find(([key]) => key === name)?.[1]),
  )
}

test('every call of the table refuses who may not make it, before it looks at what was asked', async (t) => {
  const served = await serve(t)
  const viewer = await as(served, 'vera', 'viewer')
  const operator = await as(served, 'otto', 'operator')
  const admin = await as(served, 'adam', 'admin', ['blue'])
  const clients = { viewer, operator }
  for (const [name, endpoint] of Object.entries<Endpoint>(api)) {
    const call = { ...endpoint, path: pathOf(endpoint), input: viewerInput }
    for (const access of ['viewer', 'operator'] as const) {
      const ranks = Access.options
      if (endpoint.access === 'public' || ranks.indexOf(access) >= ranks.indexOf(endpoint.access)) continue
      assert.equal(await codeOf(clients[access].call(call, {})), 'not-allowed', `${name} as ${access}`)
    }
    if (!endpoint.scoped && endpoint.access !== 'public')
      assert.equal(await codeOf(admin.call(call, {})), 'not-your-cluster', `${name} as admin of one cluster`)
  }
})
const viewerInput = api.listUsers.input

test('who is for some clusters sees and does nothing in others', async (t) => {
  const served = await serve(t)
  const { blue, green, order } = await twoClusters(served)
  const ann = await as(served, 'ann', 'admin', ['blue'])
  assert.deepEqual(
    (await ann.list(api.listNodes, {})).map(({ name }) => name),
    ['b1'],
  )
  assert.deepEqual(
    (await ann.list(api.listClusters, {})).map(({ name }) => name),
    ['blue'],
  )
  assert.deepEqual((await ann.call(api.readRole, { role: 'word' })).nodes, ['b1'])
  assert.deepEqual(
    (await ann.list(api.listRuns, {})).map(({ id }) => id),
    [blue],
  )
  assert.deepEqual(
    (await ann.call(api.readOrder, { id: order })).targets.map(({ node }) => node),
    ['b1'],
  )
  assert.deepEqual(
    (await ann.list(api.listOrders, {})).map(({ states }) => states),
    [{ waiting: 1 }],
  )
  assert.equal((await ann.call(api.createOrder, { all: true })).targets.length, 1)
  const fleet = await ann.call(api.readFleet, {})
  assert.deepEqual([fleet.nodes, fleet.states], [1, { changed: 1 }])
  assert.deepEqual(
    fleet.orders.map(({ states }) => states),
    [{ waiting: 1 }, { waiting: 1 }],
  )
  assert.deepEqual(
    (await ann.call(api.readActivity, {})).map(({ runs }) => runs),
    [1],
  )

  const set = (scope: 'nodes' | 'clusters', name: string) =>
    ann.call(api.setAttribute, { scope, name, key: 'word.word', value: 'x' })
  const refused: [Promise<unknown>, string][] = [
    [ann.call(api.readNode, { node: 'g1' }), 'unknown-node'],
    [ann.call(api.readCatalog, { node: 'g1' }), 'unknown-node'],
    [ann.call(api.explain, { node: 'g1', key: 'word.word' }), 'unknown-node'],
    [ann.call(api.assignRoles, { node: 'g1', roles: ['word'] }), 'unknown-node'],
    [ann.call(api.unassignRoles, { node: 'g1', roles: ['word'] }), 'unknown-node'],
    [ann.call(api.disableNodes, { nodes: ['b1', 'g1'], reason: 'x' }), 'unknown-node'],
    [ann.call(api.revokeNode, { node: 'g1' }), 'unknown-node'],
    [ann.call(api.releaseLease, { node: 'g1', group: 'g' }), 'unknown-node'],
    [ann.call(api.listRuns, { node: 'g1' }), 'unknown-node'],
    [ann.call(api.readRun, { id: green }), 'unknown-run'],
    [ann.call(api.createOrder, { nodes: ['g1'] }), 'unknown-node'],
    [ann.call(api.readTimeline, { node: 'g1' }), 'unknown-node'],
    [ann.call(api.compareNodes, { node: 'b1', with: 'g1' }), 'unknown-node'],
    [ann.call(api.compareRuns, { id: blue, with: green }), 'unknown-run'],
    [ann.call(api.readFleet, { cluster: 'green' }), 'not-your-cluster'],
    [ann.call(api.readActivity, { cluster: 'green' }), 'not-your-cluster'],
    [ann.call(api.cancelOrder, { id: order }), 'not-your-cluster'],
    [ann.call(api.createToken, { cluster: 'green' }), 'not-your-cluster'],
    [set('nodes', 'g1'), 'unknown-node'],
    [set('clusters', 'green'), 'unknown-cluster'],
  ]
  for (const [index, [call, code]] of refused.entries()) assert.equal(await codeOf(call), code, `call ${index}`)
  await set('clusters', 'blue')
  assert.equal((await served.client.call(api.readNode, { node: 'g1' })).state, 'changed')
  assert.deepEqual(await (await as(served, 'cem', 'viewer', ['red'])).list(api.listNodes, {}), [])
})

test('an order of several clusters is told to its watchers as far as they see it', async (t) => {
  const served = await serve(t)
  const { order } = await twoClusters(served)
  const ann = await as(served, 'ann', 'viewer', ['blue'])
  const nodes: string[] = []
  const watched = (async () => {
    for await (const update of ann.watch(api.watchOrder, { id: order })) {
      if (update.type === 'order') nodes.push(...update.order.targets.map(({ node }) => node))
      if (update.type === 'target') nodes.push(update.target.node)
      if (nodes.length === 1) await served.client.call(api.cancelOrder, { id: order })
    }
  })()
  await watched
  assert.deepEqual(nodes, ['b1', 'b1'])
  const again = await (await as(served, 'ben', 'operator', ['blue'])).call(api.orderAgain, { id: order })
  assert.deepEqual(
    again.targets.map(({ node }) => node),
    ['b1'],
  )
})

test('a user who is disabled or changed may no more than is said, from the next call on', async (t) => {
  const served = await serve(t)
  const ann = await as(served, 'ann', 'operator')
  const change = (more: object) => served.client.call(api.changeUser, { user: 'ann', ...more })
  const order = () => codeOf(ann.call(api.createOrder, { role: 'word' }))
  assert.equal(await order(), 'no-nodes')
  await change({ access: 'viewer' })
  assert.equal(await order(), 'not-allowed')
  await change({ disabled: true })
  assert.equal(await codeOf(ann.call(api.whoami, {})), 'user-disabled')
  await change({ disabled: false })
  assert.equal((await ann.call(api.whoami, {})).access, 'viewer')
  await served.client.call(api.deleteUser, { user: 'ann' })
  assert.equal(await codeOf(ann.call(api.whoami, {})), 'not-logged-in')
  assert.equal(await codeOf(served.client.call(api.changeUser, { user: 'admin', disabled: true })), 'last-admin')
})

test('an API token ends when its time is over, or at once when it is revoked', async (t) => {
  let ahead = 0
  const served = await serve(t, { clock: () => Date.now() + ahead })
  const make = (name: string) => served.client.call(api.createApiToken, { name, ttlMs: 60_000 })
  const [short, gone] = [await make('short'), await make('gone')]
  const [one, two] = [short, gone].map(({ token }) => makeClient({ ...served.place, token }))
  assert(one && two)
  await one.call(api.whoami, {})
  await two.call(api.whoami, {})
  await served.client.call(api.revokeApiToken, { id: gone.id })
  assert.equal(await codeOf(two.call(api.whoami, {})), 'not-logged-in')
  ahead = 61_000
  assert.equal(await codeOf(one.call(api.whoami, {})), 'token-expired')
})

function from(client: Client, more: object) {
  return client.call(api.createApiToken, { name: randomUUID(), ...more })
}

test('nobody makes an API token that may more, reaches further or lasts longer than what it is made with', async (t) => {
  const served = await serve(t)
  const ann = await as(served, 'ann', 'operator', ['blue', 'green'])
  const { token, expiresAt } = await ann.call(api.createApiToken, {
    name: 'less',
    access: 'viewer',
    clusters: ['blue'],
    ttlMs: 60_000,
  })
  const less = makeClient({ ...served.place, token })
  assert.equal(await codeOf(from(ann, { access: 'admin' })), 'not-allowed')
  assert.equal(await codeOf(from(ann, { clusters: 'all' })), 'not-allowed')
  assert.equal(await codeOf(from(ann, { clusters: ['blue', 'red'] })), 'not-allowed')
  assert.equal(await codeOf(from(ann, { user: 'admin' })), 'not-allowed')
  assert.equal(await codeOf(from(less, { access: 'operator' })), 'not-allowed')
  assert.equal(await codeOf(from(less, { clusters: ['green'] })), 'not-allowed')
  assert.equal(await codeOf(from(served.client, { user: 'ann', access: 'admin' })), 'not-allowed')
  assert.equal(await codeOf(from(ann, { name: 'less' })), 'api-token-exists')
  const child = await from(less, {})
  assert.deepEqual([child.access, child.clusters, child.expiresAt], ['viewer', ['blue'], expiresAt])
  assert.equal(await codeOf(ann.call(api.listApiTokens, { user: 'admin' })), 'not-allowed')
  assert.equal(await codeOf(ann.call(api.listApiTokens, { all: 'true' })), 'not-allowed')
  const [one] = await ann.list(api.listApiTokens, {})
  assert.equal(one?.name, 'one')
  assert.equal(await codeOf(less.call(api.revokeApiToken, { id: one.id })), 'unknown-api-token')
  await ann.call(api.revokeApiToken, { id: child.id })
  const names = (await served.client.list(api.listApiTokens, { all: 'true' })).map(({ name }) => name)
  assert.deepEqual(names, ['first', 'one', 'less'])
})

test('a secret is told once, and stands in no list, no audit and no log', async (t) => {
  const served = await serve(t)
  const ann = await as(served, 'ann', 'operator')
  const { token, id } = await ann.call(api.createApiToken, { name: 'laptop' })
  const [, secret = ''] = token.split('.')
  await makeClient({ ...served.place, token }).call(api.whoami, {})
  const told = JSON.stringify([
    await ann.list(api.listApiTokens, {}),
    await served.client.call(api.listAudit, {}),
    await served.client.list(api.listUsers, {}),
    served.log,
  ])
  assert(told.includes(id))
  assert(!told.includes(secret))
})

test('the audit says from where and with which API token a write came, and a list when a token was used last', async (t) => {
  const served = await serve(t)
  await twoClusters(served)
  const ann = await as(served, 'ann', 'operator')
  await ann.call(api.assignRoles, { node: 'b1', roles: ['pair'] })
  const [token] = await ann.list(api.listApiTokens, {})
  const [row] = await served.client.list(api.listAudit, {}, 1)
  assert.deepEqual([row?.author, row?.action, row?.cluster], ['ann', 'assign', 'blue'])
  assert.deepEqual([row?.token, row?.from], [token?.id, '127.0.0.1'])
  for (const text of [token?.id, '127.0.0.1']) {
    const [found] = await served.client.list(api.listAudit, { text }, 1)
    assert.equal(found?.id, row?.id)
  }
  assert.deepEqual(await served.client.list(api.listAudit, { text: '127.0.0.9' }), [])
  assert.equal(token?.usedFrom, '127.0.0.1')
  assert(Math.abs((token?.usedAt ?? 0) - Date.now()) < 10_000)
})

test('a timeline has nothing of another cluster, and nothing that is for admins, whatever had the name of the node', async (t) => {
  const served = await serve(t)
  const { client, place } = served
  const join = async (cluster: string) => enrol(place, await served.joinToken({ roles: ['word'], cluster }), 'n1')
  await join('green')
  await client.call(api.setAttribute, { scope: 'nodes', name: 'n1', key: 'word.word', value: 'green' })
  await client.call(api.revokeNode, { node: 'n1' })
  await client.call(api.createUser, { name: 'n1', access: 'viewer', clusters: 'all' })
  await client.call(api.createWebhook, { name: 'n1', url: 'http://127.0.0.1:9/secret-path' })
  await join('blue')
  await client.call(api.setAttribute, { scope: 'nodes', name: 'n1', key: 'word.word', value: 'blue' })
  await client.call(api.archiveNode, { node: 'n1' })
  await client.call(api.restoreNode, { node: 'n1' })
  await client.call(api.createOrder, { nodes: ['n1'] })

  const told = ['order', 'restore', 'archive', 'set-attribute', 'enrol']
  for (const reader of [await as(served, 'vera', 'viewer', ['blue']), client]) {
    const { items } = await reader.call(api.readTimeline, { node: 'n1' })
    assert.deepEqual(
      items.map((item) => (item.type === 'write' ? item.action : item.type)),
      told,
    )
  }
  const green = await as(served, 'gus', 'viewer', ['green'])
  assert.equal(await codeOf(green.call(api.readTimeline, { node: 'n1' })), 'unknown-node')
  const admin = await as(served, 'adam', 'admin', ['blue'])
  const seen = (await admin.list(api.listAudit, { subject: 'n1' })).map(({ action }) => action)
  assert.deepEqual(seen, ['restore', 'archive', 'enrol'], 'those too are told to who is admin of the cluster')
})
