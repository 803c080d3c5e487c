import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, test, type TestContext } from 'node:test'
import type { ResourceEvent } from '../../../protocol/events.ts'
import { hashSecret } from '../../../server/secrets.ts'
import type { JoinToken, Store } from '../../../server/store/store.ts'
import { factsOf, reportOf } from '../../helpers/fake-agent.ts'

const by = { author: 'ann', at: 1000 }

const token: JoinToken = {
  id: 'token000',
  secretHash: hashSecret('secret'),
  usesLeft: 100,
  expiresAt: 5000,
  roles: [],
  cluster: 'default',
  names: '*',
  author: 'ann',
}

const changed: ResourceEvent = {
  id: 'file[/etc/motd]',
  outcome: 'changed',
  recipe: 'base',
  durationMs: 3,
  changes: [{ what: 'mode', from: '0600', to: '0644' }],
}

/** Nodes of these names, each with a key of its own; gives their ids. */
async function enrolled(store: Store, ...names: string[]) {
  if (!(await store.findToken(token.id))) await store.createToken(token, by)
  const ids: string[] = []
  for (const name of names) {
    const result = await store.enrol(token.id, { id: randomUUID(), name, key: randomUUID() }, 2000)
    assert.equal(result.status, 'enrolled')
    if (result.status === 'enrolled') ids.push(result.node.id)
  }
  const [first, ...rest] = ids
  assert(first !== undefined)
  return [first, ...rest] as const
}

/** What every store promises. Each implementation runs this, and has no test of its own for what is here. */
export function storeContract(name: string, openStore: (t: TestContext) => Promise<Store>) {
  async function open(t: TestContext) {
    const store = await openStore(t)
    t.after(() => store.close())
    return store
  }

  describe(`the ${name} store`, () => {
    accessContract(open)
    enrolContract(open)
    desiredContract(open)
    runsContract(open)
    ordersContract(open)
  })
}

type Open = (t: TestContext) => Promise<Store>

function accessContract(open: Open) {
  test('keeps the authority that it was given', async (t) => {
    const store = await open(t)
    assert.equal(await store.readAuthority(), undefined)
    await store.keepAuthority({ certificate: 'c', key: 'k' })
    assert.deepEqual(await store.readAuthority(), { certificate: 'c', key: 'k' })
  })

  test('finds operators by the id of their token', async (t) => {
    const store = await open(t)
    assert.equal(await store.countOperators(), 0)
    const operator = { id: 'op', name: 'ann', access: 'admin', secretHash: hashSecret('x') } as const
    await store.createOperator(operator, by)
    assert.deepEqual(await store.findOperator('op'), operator)
    assert.equal(await store.findOperator('other'), undefined)
    assert.equal(await store.countOperators(), 1)
  })

  test('lists join tokens that can still be used, and forgets deleted ones', async (t) => {
    const store = await open(t)
    await store.createToken(token, by)
    await store.createToken({ ...token, id: 'used', usesLeft: 0 }, by)
    assert.deepEqual(await store.listTokens(4999), [token])
    assert.deepEqual(await store.listTokens(5000), [])
    assert.equal(await store.deleteToken(token.id, by), true)
    assert.equal(await store.deleteToken(token.id, by), false)
    assert.equal(await store.findToken(token.id), undefined)
  })

  test('leaves an audit row of every write with who, what, before and after', async (t) => {
    const store = await open(t)
    const [id] = await enrolled(store, 'n1')
    await store.assign(id, ['web'], { author: 'bob', at: 3000 })
    await store.setAttribute({ scope: 'node', subject: id, key: 'web.port' }, 80, { author: 'bob', at: 3001 })
    await store.setAttribute({ scope: 'node', subject: id, key: 'web.port' }, 81, { author: 'ann', at: 3002 })
    await store.unassign(id, ['web'], { author: 'bob', at: 3003 })
    await store.revoke(id, by)
    const rows = await store.listAudit(5)
    assert.deepEqual(rows.map(({ action, author, before, after }) => ({ action, author, before, after })).slice(1), [
      { action: 'unassign', author: 'bob', before: ['web'], after: [] },
      { action: 'set-attribute', author: 'ann', before: 80, after: 81 },
      { action: 'set-attribute', author: 'bob', before: null, after: 80 },
      { action: 'assign', author: 'bob', before: [], after: ['web'] },
    ])
    assert.equal(rows[0]?.action, 'revoke')
    assert(!JSON.stringify(await store.listAudit(100)).includes(token.secretHash.toString('hex')))
  })

  test('counts each desired write, and nothing else', async (t) => {
    const store = await open(t)
    const [id] = await enrolled(store, 'n1')
    const before = await store.revision()
    await store.assign(id, ['web'], by)
    await store.assign(id, ['web'], by)
    await store.keepFacts(id, 'd', factsOf('n1'), 1)
    assert.equal(await store.revision(), before + 1)
  })
}

function enrolContract(open: Open) {
  const key = 'key-1'

  test('gives a node the roles and cluster of its token', async (t) => {
    const store = await open(t)
    await store.createToken({ ...token, roles: ['base', 'web'], cluster: 'blue' }, by)
    await store.enrol(token.id, { id: 'a', name: 'n1', key }, 2000)
    const [node] = (await store.readFleet()).nodes
    assert.deepEqual(node?.roles, ['base', 'web'])
    assert.equal(node?.cluster, 'blue')
    assert.deepEqual(node?.ordinals, { base: 1, web: 1 })
  })

  test('takes one use for each node, and none from who asks again with the same key, name and token', async (t) => {
    const store = await open(t)
    await store.createToken({ ...token, usesLeft: 2 }, by)
    const first = await store.enrol(token.id, { id: 'a', name: 'n1', key }, 2000)
    const again = await store.enrol(token.id, { id: 'b', name: 'n1', key }, 9000)
    assert(first.status === 'enrolled' && again.status === 'enrolled')
    assert.equal(again.node.id, first.node.id)
    assert.equal((await store.findToken(token.id))?.usesLeft, 1)
  })

  test('gives the last use to one of many who ask at once', async (t) => {
    const store = await open(t)
    await store.createToken({ ...token, usesLeft: 3 }, by)
    const all = Array.from({ length: 10 }, (_, i) =>
      store.enrol(token.id, { id: `${i}`, name: `n${i}`, key: `k${i}` }, 1),
    )
    const states = (await Promise.all(all)).map(({ status }) => status)
    assert.equal(states.filter((status) => status === 'enrolled').length, 3)
    assert.equal(states.filter((status) => status === 'used-up').length, 7)
  })

  test('refuses what a token does not allow, and takes no use for it', async (t) => {
    const store = await open(t)
    await enrolled(store, 'n1')
    const ask = async (name: string, ofKey: string, at = 2000) =>
      (await store.enrol(token.id, { id: randomUUID(), name, key: ofKey }, at)).status
    const left = (await store.findToken(token.id))?.usesLeft
    assert.equal(await ask('n1', 'other'), 'name-taken')
    assert.equal(await ask('n2', 'k', 5000), 'expired')
    assert.equal((await store.enrol('nowhere', { id: 'x', name: 'n2', key: 'k' }, 1)).status, 'unknown-token')
    assert.equal((await store.findToken(token.id))?.usesLeft, left)
    assert.equal(await ask('n2', 'k'), 'enrolled')
    assert.equal(await ask('n3', 'k'), 'key-taken')
  })

  test('lets the name of a revoked node be taken anew, by another key and as another node', async (t) => {
    const store = await open(t)
    const [old] = await enrolled(store, 'n1')
    const oldKey = (await store.findNode('n1'))?.key ?? ''
    await store.assign(old, ['web'], by)
    await store.revoke(old, { author: 'ann', at: 2500 })
    assert.equal((await store.findNode('n1'))?.revokedAt, 2500)
    assert.equal((await store.enrol(token.id, { id: 'x', name: 'n1', key: oldKey }, 2600)).status, 'key-revoked')
    const [fresh] = await enrolled(store, 'n1')
    assert.notEqual(fresh, old)
    assert.equal((await store.findNode('n1'))?.id, fresh)
    assert.deepEqual(
      (await store.readFleet()).nodes.map(({ id, roles }) => ({ id, roles })),
      [{ id: fresh, roles: [] }],
    )
  })
}

function desiredContract(open: Open) {
  test('keeps roles in the order of assignment, each once', async (t) => {
    const store = await open(t)
    const [id] = await enrolled(store, 'n1')
    await store.assign(id, ['b', 'a'], by)
    await store.assign(id, ['c', 'a'], by)
    await store.unassign(id, ['b', 'never'], by)
    await store.assign(id, ['b'], by)
    assert.deepEqual((await store.readFleet()).nodes[0]?.roles, ['a', 'c', 'b'])
  })

  test('gives the lowest unused ordinal, keeps it while the node lives, and frees it when it goes', async (t) => {
    const store = await open(t)
    const [a, b = '', c = ''] = await enrolled(store, 'a', 'b', 'c')
    const ordinals = async () =>
      Object.fromEntries((await store.readFleet()).nodes.map((node) => [node.name, node.ordinals['zk']]))
    for (const id of [a, b, c]) await store.assign(id, ['zk'], by)
    assert.deepEqual(await ordinals(), { a: 1, b: 2, c: 3 })
    await store.unassign(b, ['zk'], by)
    const [d = ''] = await enrolled(store, 'd')
    await store.assign(d, ['zk'], by)
    await store.assign(b, ['zk'], by)
    assert.deepEqual(await ordinals(), { a: 1, b: 2, c: 3, d: 4 })
    await store.revoke(b, by)
    const [e = ''] = await enrolled(store, 'e')
    await store.assign(e, ['zk'], by)
    assert.deepEqual(await ordinals(), { a: 1, c: 3, d: 4, e: 2 })
  })

  test('keeps attributes of nodes and clusters apart, with author and time', async (t) => {
    const store = await open(t)
    const [id] = await enrolled(store, 'n1')
    const place = { scope: 'cluster', subject: 'default', key: 'web.port' } as const
    await store.setAttribute(place, 80, by)
    await store.setAttribute({ scope: 'node', subject: id, key: 'web.tags' }, ['a'], { author: 'bob', at: 7 })
    const { nodes, clusters } = await store.readFleet()
    assert.deepEqual(clusters, { default: { 'web.port': 80 } })
    assert.deepEqual(nodes[0]?.attributes, { 'web.tags': ['a'] })
    assert.deepEqual(await store.readAttributes('node', id), { 'web.tags': { value: ['a'], author: 'bob', at: 7 } })
    assert.equal(await store.unsetAttribute(place, by), true)
    assert.equal(await store.unsetAttribute(place, by), false)
    assert.deepEqual(await store.readAttributes('cluster', 'default'), {})
  })

  test('gives a node its newest facts', async (t) => {
    const store = await open(t)
    const [id] = await enrolled(store, 'n1')
    assert.equal((await store.readFleet()).nodes[0]?.facts, null)
    assert.equal(await store.factsDigest(id), undefined)
    await store.keepFacts(id, 'one', factsOf('n1'), 1)
    await store.keepFacts(id, 'two', factsOf('n1', { cpus: 8 }), 2)
    assert.equal((await store.readFleet()).nodes[0]?.facts?.cpus, 8)
    assert.equal(await store.factsDigest(id), 'two')
  })
}

function runsContract(open: Open) {
  test('gives back a run with its events, without those of unchanged resources', async (t) => {
    const store = await open(t)
    const [id] = await enrolled(store, 'n1')
    const unchanged: ResourceEvent = { id: 'file[/a]', outcome: 'unchanged', recipe: 'base', durationMs: 1 }
    const failed: ResourceEvent = {
      id: 'pkg[x]',
      outcome: 'failed',
      recipe: 'base',
      durationMs: 9,
      changes: [],
      error: 'no such package',
    }
    const report = reportOf(
      randomUUID(),
      { outcome: 'failed', catalog: 'ab'.repeat(32), owed: ['restart service[x]'], error: 'why', orders: ['o'] },
      [unchanged, changed, failed],
    )
    await store.storeReport(id, report, 9000)
    const [run] = await store.findRuns({ limit: 10 })
    assert.deepEqual(run, { ...report.run, node: 'n1', receivedAt: 9000 })
    assert.deepEqual(await store.readEvents(report.run.id), [changed, failed])
  })

  test('stores a report once, however often it comes', async (t) => {
    const store = await open(t)
    const [id] = await enrolled(store, 'n1')
    const report = reportOf(randomUUID(), { outcome: 'changed' }, [changed])
    await Promise.all([store.storeReport(id, report, 1), store.storeReport(id, report, 2)])
    await store.storeReport(id, report, 3)
    assert.equal((await store.findRuns({ limit: 10 })).length, 1)
    assert.equal((await store.readEvents(report.run.id)).length, 1)
  })

  test('keeps out a run whose id is that of another node, and nobody beside it', async (t) => {
    const store = await open(t)
    const [a, b = ''] = await enrolled(store, 'a', 'b')
    const report = reportOf(randomUUID())
    await store.storeReport(a, report, 1)
    const [stolen, good] = await Promise.allSettled([
      store.storeReport(b, report, 2),
      store.storeReport(b, reportOf(randomUUID()), 2),
    ])
    assert.equal(stolen.status, 'rejected')
    assert.equal(good.status, 'fulfilled')
    assert.equal((await store.findRuns({ node: 'b', limit: 10 })).length, 1)
  })

  test('pages runs newest first, without a gap or a double where times are equal', async (t) => {
    const store = await open(t)
    const [a, b = ''] = await enrolled(store, 'a', 'b')
    for (let i = 0; i < 9; i++)
      await store.storeReport(i % 3 === 0 ? b : a, reportOf(randomUUID(), { finishedAt: 100 + Math.floor(i / 3) }), 500)
    const whole = await store.findRuns({ limit: 100 })
    assert.deepEqual(
      whole.map(({ finishedAt }) => finishedAt),
      [102, 102, 102, 101, 101, 101, 100, 100, 100],
    )
    const paged = []
    for (let after: string | undefined; ;) {
      const page = await store.findRuns({ limit: 2, after })
      if (page.length === 0) break
      paged.push(...page)
      after = page.at(-1)?.id
    }
    assert.deepEqual(paged, whole)
    assert.equal((await store.findRuns({ node: 'b', limit: 100 })).length, 3)
  })

  test('finds runs by outcome, and by what their id begins with', async (t) => {
    const store = await open(t)
    const [id] = await enrolled(store, 'n1')
    const one = 'aaaa0000-0000-4000-8000-000000000001'
    const two = 'aaaa0000-0000-4000-8000-000000000002'
    await store.storeReport(id, reportOf(one, { outcome: 'failed' }), 1)
    await store.storeReport(id, reportOf(two), 2)
    assert.deepEqual(
      (await store.findRuns({ outcome: 'failed', limit: 5 })).map((run) => run.id),
      [one],
    )
    assert.deepEqual(
      (await store.findRuns({ outcome: 'unchanged', limit: 5 })).map((run) => run.id),
      [two],
    )
    assert.equal((await store.findRunsByPrefix('aaaa')).length, 2)
    assert.deepEqual(
      (await store.findRunsByPrefix(two)).map((run) => run.id),
      [two],
    )
    assert.deepEqual(await store.findRunsByPrefix('bbbb'), [])
  })

  test('says how a node stands by its newest converge: no plan counts, nor a report that came late', async (t) => {
    const store = await open(t)
    const [id] = await enrolled(store, 'n1')
    await store.markSeen(id, 77)
    const newest = reportOf(randomUUID(), { finishedAt: 200, owed: ['reload service[a]'] })
    await store.storeReport(id, newest, 1)
    await store.storeReport(id, reportOf(randomUUID(), { finishedAt: 100, outcome: 'failed' }), 2)
    await store.storeReport(id, reportOf(randomUUID(), { finishedAt: 300, outcome: 'would-change', mode: 'plan' }), 3)
    assert.deepEqual((await store.readStandings()).get(id), {
      seenAt: 77,
      lastRun: { id: newest.run.id, outcome: 'unchanged', finishedAt: 200 },
      owed: ['reload service[a]'],
    })
  })
}

function ordersContract(open: Open) {
  async function ordered(t: TestContext) {
    const store = await open(t)
    const [a, b = ''] = await enrolled(store, 'a', 'b')
    const order = { id: 'o1', mode: 'converge', author: 'ann', createdAt: 10, deadline: 99 } as const
    await store.createOrder(order, [
      { node: a, state: 'waiting' },
      { node: b, state: 'refused', reason: 'pending: alone' },
    ])
    const states = async () => (await store.readOrder('o1'))?.targets.map(({ state }) => state)
    return { store, a, b, order, states }
  }

  test('gives back an order with its targets in order', async (t) => {
    const { store, order } = await ordered(t)
    const empty = { run: null, outcome: null, counts: null, at: 10 }
    const targets = [
      { node: 'a', state: 'waiting' as const, reason: null, ...empty },
      { node: 'b', state: 'refused' as const, reason: 'pending: alone', ...empty },
    ]
    assert.deepEqual(await store.readOrder('o1'), { ...order, targets })
    assert.deepEqual(await store.listOrders(5), [{ ...order, targets }])
    assert.equal(await store.readOrder('o2'), undefined)
  })

  test('turns a target only from the states given, so a final state stays', async (t) => {
    const { store, a, b, states } = await ordered(t)
    assert.equal(
      (await store.turnTarget('o1', a, ['waiting'], { state: 'delivered', at: 11 }))?.target.state,
      'delivered',
    )
    assert.equal(await store.turnTarget('o1', a, ['waiting'], { state: 'unreachable', at: 12 }), undefined)
    assert.equal(await store.turnTarget('o1', b, ['waiting'], { state: 'delivered', at: 12 }), undefined)
    assert.deepEqual(await states(), ['delivered', 'refused'])
    assert.deepEqual(
      (await store.openTargets()).map(({ node, state }) => ({ node, state })),
      [{ node: a, state: 'delivered' }],
    )
    assert.deepEqual(await store.openTargets(b), [])
  })

  test('finishes the targets that a report answers, of its own node and mode alone', async (t) => {
    const { store, a, b, states } = await ordered(t)
    assert.deepEqual(await store.storeReport(b, reportOf(randomUUID(), { orders: ['o1'] }), 20), [])
    assert.deepEqual(await store.storeReport(a, reportOf(randomUUID(), { orders: ['o1'], mode: 'plan' }), 20), [])
    assert.deepEqual(await states(), ['waiting', 'refused'])
    const report = reportOf(randomUUID(), { orders: ['o1', 'nowhere'], outcome: 'failed', error: 'no disk' })
    const [turn] = await store.storeReport(a, report, 21)
    assert.deepEqual(turn, {
      order: 'o1',
      node: a,
      target: {
        node: 'a',
        state: 'failed',
        reason: 'no disk',
        run: report.run.id,
        outcome: 'failed',
        counts: report.run.counts,
        at: 21,
      },
    })
    assert.deepEqual(await store.storeReport(a, report, 22), [])
    assert.deepEqual(await store.openTargets(), [])
  })

  test('cancels what is open and says what that was', async (t) => {
    const { store, states } = await ordered(t)
    const turns = await store.cancelOrder('o1', { author: 'bob', at: 30 })
    assert.deepEqual(
      turns.map(({ target }) => target.reason),
      ['cancelled by bob'],
    )
    assert.deepEqual(await store.cancelOrder('o1', { author: 'bob', at: 31 }), [])
    assert.deepEqual(await states(), ['cancelled', 'refused'])
  })
}
