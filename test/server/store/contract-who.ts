import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashSecret } from '../../../server/secrets.ts'
import type { ApiToken, Session, User, UserChange } from '../../../server/store/who.ts'
import { by, enrolled, type Open, token as joinToken } from './enrolled.ts'

const ann: User = {
  id: 'u1',
  name: 'ann',
  access: 'admin',
  clusters: 'all',
  login: 'ann@example.com',
  author: 'ann',
  createdAt: 1000,
  disabledAt: null,
}
const bob: User = { ...ann, id: 'u2', name: 'bob', access: 'operator', clusters: ['blue', 'green'], login: null }
const laptop: ApiToken = {
  id: 't1',
  user: 'u2',
  name: 'laptop',
  access: 'viewer',
  clusters: ['blue'],
  secretHash: hashSecret('s3cret-of-the-token'),
  author: 'ann',
  createdAt: 1000,
  expiresAt: 9000,
  usedAt: null,
  usedFrom: null,
}
const session: Session = {
  id: 's1',
  user: 'u2',
  token: 't1',
  secretHash: hashSecret('s3cret-of-the-session'),
  from: '10.0.0.7',
  createdAt: 1000,
  usedAt: 1000,
  expiresAt: 5000,
}

/** What a store promises of users, their API tokens and sessions. */
export function whoContract(open: Open) {
  test('finds users by name and by login, and lists them by name', async (t) => {
    const store = await open(t)
    assert.equal(await store.countUsers(), 0)
    assert.equal(await store.createUser(bob, by), true)
    assert.equal(await store.createUser(ann, by), true)
    assert.deepEqual(await store.findUser('bob'), bob)
    assert.deepEqual(await store.findUserByLogin('ann@example.com'), ann)
    assert.equal(await store.findUser('cem'), undefined)
    assert.deepEqual(await store.listUsers(), [ann, bob])
    assert.equal(await store.countUsers(), 2)
  })

  test('has no two users of one name or login', async (t) => {
    const store = await open(t)
    await store.createUser(ann, by)
    await store.createUser(bob, by)
    assert.equal(await store.createUser({ ...bob, id: 'u3' }, by), false)
    assert.equal(await store.createUser({ ...ann, id: 'u3', name: 'cem' }, by), false)
    assert.equal(await store.changeUser('u2', { login: 'ann@example.com' }, by), 'taken')
    assert.equal(await store.countUsers(), 2)
  })

  test('changes what is given of a user, and leaves the rest', async (t) => {
    const store = await open(t)
    await store.createUser(bob, by)
    assert.equal(await store.changeUser('u2', { clusters: ['red'], disabledAt: 2000 }, by), 'done')
    assert.deepEqual(await store.findUser('bob'), { ...bob, clusters: ['red'], disabledAt: 2000 })
    assert.equal(await store.changeUser('u9', { access: 'viewer' }, by), 'unknown')
  })

  test('keeps the last one who may do everything, whoever else there is', async (t) => {
    const store = await open(t)
    await store.createUser(ann, by)
    await store.createUser({ ...bob, access: 'admin' }, by)
    const changes: UserChange[] = [{ access: 'operator' }, { clusters: ['blue'] }, { disabledAt: 2000 }]
    for (const change of changes) assert.equal(await store.changeUser('u1', change, by), 'last-admin')
    assert.equal(await store.deleteUser('u1', by), 'last-admin')
    await store.changeUser('u2', { clusters: 'all' }, by)
    assert.equal(await store.deleteUser('u1', by), 'done')
    assert.equal(await store.deleteUser('u1', by), 'unknown')
  })

  test('finds an API token with its user, each name once a user', async (t) => {
    const store = await open(t)
    await store.createUser(ann, by)
    await store.createUser(bob, by)
    assert.equal(await store.createApiToken(laptop, by), true)
    assert.equal(await store.createApiToken({ ...laptop, id: 't2' }, by), false)
    assert.equal(await store.createApiToken({ ...laptop, id: 't3', user: 'u1', createdAt: 1001 }, by), true)
    assert.deepEqual(await store.findApiToken('t1'), { token: laptop, user: bob })
    assert.equal(await store.findApiToken('t2'), undefined)
    assert.deepEqual(await store.listApiTokens('u2'), [laptop])
    assert.deepEqual(
      (await store.listApiTokens()).map(({ id }) => id),
      ['t1', 't3'],
    )
    await store.noteApiTokenUse('t1', 3000, '10.0.0.7')
    assert.deepEqual(await store.listApiTokens('u2'), [{ ...laptop, usedAt: 3000, usedFrom: '10.0.0.7' }])
  })

  test('ends what was begun with an API token when it is revoked, the sessions of a user who is disabled, and all of one who is deleted', async (t) => {
    const store = await open(t)
    await store.createUser(ann, by)
    await store.createUser(bob, by)
    await store.createApiToken(laptop, by)
    await store.createSession(session, by)
    await store.createSession({ ...session, id: 's2', token: null }, by)
    assert.deepEqual(await store.findSession('s1'), { session, user: bob, token: laptop })
    assert.equal((await store.findSession('s2'))?.token, null)
    assert.equal(await store.revokeApiToken('t1', by), true)
    assert.equal(await store.revokeApiToken('t1', by), false)
    assert.equal(await store.findSession('s1'), undefined)
    await store.changeUser('u2', { disabledAt: 2000 }, by)
    await store.changeUser('u2', { disabledAt: null }, by)
    assert.equal(await store.findSession('s2'), undefined)
    await store.createApiToken(laptop, by)
    await store.createSession({ ...session, id: 's2', token: null }, by)
    await store.deleteUser('u2', by)
    assert.equal(await store.findApiToken('t1'), undefined)
    assert.equal(await store.findSession('s2'), undefined)
  })

  test('forgets sessions that ended, and one that is ended at once', async (t) => {
    const store = await open(t)
    await store.createUser(bob, by)
    await store.createSession({ ...session, token: null }, by)
    await store.noteSessionUse('s1', 2000)
    assert.equal((await store.findSession('s1'))?.session.usedAt, 2000)
    await store.createSession({ ...session, id: 's2', token: null, expiresAt: 9000 }, { ...by, at: 5000 })
    assert.equal(await store.findSession('s1'), undefined)
    assert.equal(await store.endSession('s2', by), true)
    assert.equal(await store.endSession('s2', by), false)
    assert.equal(await store.findSession('s2'), undefined)
  })

  test('tells the audit what users and API tokens may, and never a secret nor its hash', async (t) => {
    const store = await open(t)
    await store.createUser(ann, by)
    await store.createUser(bob, by)
    await store.changeUser('u2', { access: 'viewer' }, by)
    await store.changeUser('u2', { access: 'viewer' }, by)
    await store.createApiToken(laptop, by)
    await store.createSession(session, by)
    await store.endSession('s1', by)
    await store.revokeApiToken('t1', by)
    await store.deleteUser('u2', by)
    const rows = await store.findAudit({ limit: 100 })
    const actions = ['delete-user', 'revoke-api-token', 'end-session', 'create-session', 'create-api-token']
    assert.deepEqual(
      rows.map(({ action }) => action),
      [...actions, 'change-user', 'create-user', 'create-user'],
    )
    const told = { user: 'bob', name: 'laptop', access: 'viewer', clusters: ['blue'], expiresAt: 9000 }
    assert.deepEqual(rows[4]?.after, told)
    assert.deepEqual(rows[1]?.before, told)
    for (const { secretHash } of [laptop, session])
      for (const form of ['hex', 'base64'] as const) assert(!JSON.stringify(rows).includes(secretHash.toString(form)))
    assert(!JSON.stringify(rows).includes('"data"'), 'a buffer written as JSON')
  })
}

/** What a store promises of the audit. */
export function auditContract(open: Open) {
  const from = { token: 't1', from: '10.0.0.7' }

  test('says of each write from where it came, with which token, and of which cluster it is', async (t) => {
    const store = await open(t)
    await store.createToken({ ...joinToken, cluster: 'blue' }, by)
    const [id] = await enrolled(store, 'n1')
    await store.assign(id, ['web'], { ...by, ...from })
    const [assigned, joined] = await store.findAudit({ limit: 2 })
    assert.deepEqual([assigned?.token, assigned?.from, assigned?.cluster], ['t1', '10.0.0.7', 'blue'])
    assert.deepEqual([joined?.token, joined?.from, joined?.cluster], [null, null, 'blue'])
  })

  test('finds rows by author, action, subject, text, time and cluster, page by page', async (t) => {
    const store = await open(t)
    const [a, b = ''] = await enrolled(store, 'a', 'b')
    await store.createToken({ ...joinToken, id: 'blue0000', cluster: 'blue' }, { author: 'bob', at: 3000 })
    await store.assign(a, ['web'], { author: 'bob', at: 3001 })
    await store.assign(b, ['web_1', 'db'], { author: 'cem', at: 3002 })
    await store.setAttribute({ scope: 'node', subject: a, key: 'web.motto' }, '100%', { author: 'bob', at: 3003 })
    const find = async (filter: object) =>
      (await store.findAudit({ ...filter, limit: 100 })).map(({ action, subject }) => `${action} ${subject}`)
    const [set, assignA, assignB] = ['set-attribute node a: web.motto', 'assign a', 'assign b']
    assert.deepEqual(await find({ author: 'bob' }), [set, assignA, 'create-token blue0000'])
    assert.deepEqual(await find({ action: 'assign' }), [assignB, assignA])
    assert.deepEqual(await find({ subject: 'a' }), [assignA, 'enrol a'])
    assert.deepEqual(await find({ text: 'WEB' }), [set, assignB, assignA])
    assert.deepEqual(await find({ text: '%' }), [set])
    assert.deepEqual(await find({ text: '_' }), [assignB])
    assert.deepEqual(await find({ from: 3001, to: 3003 }), [assignB, assignA])
    assert.deepEqual(await find({ clusters: ['blue'] }), ['create-token blue0000'])
    assert.deepEqual(await find({ clusters: [] }), [])
    const [first, second] = await store.findAudit({ limit: 2 })
    assert.deepEqual([first?.subject, second?.subject], ['node a: web.motto', 'b'])
    const [third] = await store.findAudit({ limit: 2, after: second?.id })
    assert.equal(third?.subject, 'a')
  })
}
