import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:net'
import { test } from 'node:test'
import { Leases, type LeaseTaker } from '../../../agent/cluster/leases.ts'
import type { LeaseRule } from '../../../protocol/catalog.ts'
import type { AgentMessage } from '../../../protocol/messages.ts'
import { FakeHost, tempDir } from '../../helpers/converges.ts'
import { listen } from '../../helpers/listen.ts'
import { nodeIn, resource, restart, shownEvents, World } from '../tiny.ts'

const rule: LeaseRule = { group: 'zk', max: 1 }
const soon = () => Date.now() + 300_000

/** Leases whose server says what the test does with each ask. */
function leasesWith(answer: (leases: Leases, wanted: string[]) => void) {
  const leases = new Leases(1000)
  const said: AgentMessage[] = []
  const send = (message: AgentMessage) => {
    said.push(message)
    if (message.type === 'leases')
      setImmediate(() =>
        answer(
          leases,
          message.wanted.map(({ group }) => group),
        ),
      )
  }
  leases.connected(send)
  return { leases, said }
}

const grant = (leases: Leases, [group]: string[]) =>
  group && leases.granted({ type: 'lease', group, fence: 7, expiresAt: soon() })

test('a lease is asked for, held, and given back with its number', async () => {
  const { leases, said } = leasesWith(grant)
  assert.equal(await leases.take(rule, 'restart service[zk]', new FakeHost()), undefined)
  assert.deepEqual(leases.held, ['zk'])
  leases.giveBack('zk')
  assert.deepEqual(leases.held, [])
  assert.deepEqual(said.slice(1), [
    { type: 'leases', wanted: [{ group: 'zk', action: 'restart service[zk]' }] },
    { type: 'lease-over', group: 'zk', fence: 7 },
  ])
})

test('without a server, an answer, or with a no, there is none and the reason says why', async () => {
  assert.match((await new Leases().take(rule, 'x', new FakeHost())) ?? '', /no connection to the server/)
  const no = leasesWith((leases) => leases.refused({ type: 'no-lease', group: 'zk', reason: 'n2 holds it' }))
  assert.equal(await no.leases.take(rule, 'x', new FakeHost()), 'n2 holds it')
  const silent = leasesWith(() => {})
  assert.match((await silent.leases.take(rule, 'x', new FakeHost())) ?? '', /has not answered/)
})

test('one that ends at any moment is asked for anew', async () => {
  const { leases, said } = leasesWith(grant)
  leases.granted({ type: 'lease', group: 'zk', fence: 6, expiresAt: Date.now() + 10 })
  assert.equal(await leases.take(rule, 'x', new FakeHost()), undefined)
  assert.equal(said.at(-1)?.type, 'leases')
})

test('a grant that no run waits for is news once, and what a lost connection held is held no more', () => {
  const leases = new Leases()
  const lease = { type: 'lease', group: 'zk', fence: 1, expiresAt: soon() } as const
  assert.equal(leases.granted(lease), true)
  assert.equal(leases.granted(lease), false)
  leases.connected(undefined)
  assert.deepEqual(leases.held, [])
})

test('who leads asks to go last', async (t) => {
  const server: Server = createServer((socket) => socket.end('Mode: leader\n'))
  const port = Number(new URL(await listen(t, server)).port)
  const { leases, said } = leasesWith(grant)
  const last = { tcp: { host: '127.0.0.1', port, send: 'srvr\n', expect: '^Mode: leader$' } }
  await leases.take({ ...rule, last }, 'x', new FakeHost())
  assert.deepEqual(said.at(-1), { type: 'leases', wanted: [{ group: 'zk', action: 'x', last: true }] })
})

/** What a run asked of leases, and what it was told. */
class Told implements LeaseTaker {
  log: string[] = []
  why: string | undefined
  take = async ({ group }: LeaseRule, action: string) => {
    this.log.push(`take ${group} for ${action}`)
    return this.why
  }
  giveBack = (group: string) => void this.log.push(`give back ${group}`)
}

const leased = resource('zk', { lease: { group: 'zk', max: 1, until: 'probe[zk]' } })
const config = resource('config', { notifies: [restart('zk')] })
const probeThat = (exitCode: 0 | 1) =>
  resource('zk', {
    type: 'probe',
    recipe: 'after',
    props: { command: [exitCode ? 'false' : 'true'], withinMs: exitCode ? 50 : 5000, everyMs: 10 },
  })

test('an action is done with the lease, which is given back when its probe is well', async (t) => {
  const [world, told] = [new World(), new Told()]
  const node = nodeIn(await tempDir(t), world, [leased, config, probeThat(0)], told)
  assert.deepEqual(shownEvents((await node.run()).events), [
    'changed thing[zk]',
    'changed thing[config]',
    'changed restart thing[zk]',
  ])
  assert.deepEqual(told.log, ['take zk for restart thing[zk]', 'give back zk'])
})

test('without the lease the action stays owed and is deferred, and a later run does it', async (t) => {
  const [world, told] = [new World(), new Told()]
  told.why = 'n2 holds it'
  const node = nodeIn(await tempDir(t), world, [leased, config, probeThat(0)], told)
  const { run, events } = await node.run()
  assert.equal(shownEvents(events).at(-1), 'deferred restart thing[zk]: it waits for a lease of group zk: n2 holds it')
  assert.deepEqual([run.outcome, run.owed], ['changed', ['restart thing[zk]']])
  told.why = undefined
  assert.deepEqual(shownEvents((await node.run()).events), ['changed restart thing[zk]'])
})

test('where its probe does not come, the action has failed and is owed no more, and the lease is kept', async (t) => {
  const [world, told] = [new World(), new Told()]
  const node = nodeIn(await tempDir(t), world, [leased, config, probeThat(1)], told)
  const { run, events } = await node.run()
  assert.match(
    shownEvents(events).join('\n'),
    /failed restart thing\[zk\]: it was done, but .* is not well: .*stays held/,
  )
  assert.deepEqual([run.outcome, run.owed], ['failed', []])
  assert.deepEqual(told.log, ['take zk for restart thing[zk]'])
})

test('an action that fails stays owed, and its lease held', async (t) => {
  const [world, told] = [new World(), new Told()]
  world.before.set('restart zk', () => {
    throw new Error('no')
  })
  const node = nodeIn(await tempDir(t), world, [leased, config], told)
  assert.deepEqual((await node.run()).run.owed, ['restart thing[zk]'])
  assert.deepEqual(told.log, ['take zk for restart thing[zk]'])
})

test('a lease that comes before it is wanted, and is used by no run, is told of once it is wanted', async () => {
  const leases = new Leases(50)
  const host = { run: () => Promise.reject(new Error('nothing is run here')) }
  const needed = [{ rule, action: 'restart service[zk]' }]
  const lease = { type: 'lease', group: 'zk', fence: 5, expiresAt: soon() } as const
  // The agent was killed with the lease; the first run of the next begins before there is a server.
  assert.match((await leases.take(rule, 'restart service[zk]', host)) ?? '', /no connection/)
  leases.connected(() => {})
  leases.granted(lease)
  await leases.want(needed, host)
  assert.equal(leases.granted(lease), false)
  assert.equal(leases.haveCome(), true)
  assert.equal(leases.haveCome(), false)

  // One that a run has had, and whose action failed, wakes nobody again.
  leases.granted({ ...lease, fence: 6 })
  assert.equal(await leases.take(rule, 'restart service[zk]', host), undefined)
  await leases.want(needed, host)
  assert.equal(leases.haveCome(), false)
})
