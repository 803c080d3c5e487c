import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test, type TestContext } from 'node:test'
import { digestOf } from '../../../protocol/catalog.ts'
import { Agent } from '../../../agent/agent.ts'
import { fetchNow } from '../../../agent/link/refresh.ts'
import { stateIn, writeSynced } from '../../../agent/kept/state.ts'
import { tempDir } from '../../helpers/converges.ts'
import { serve } from '../fake-server.ts'
import { resource, World } from '../tiny.ts'

async function joined(t: TestContext) {
  const { fake, identity, key } = await serve(t)
  const state = stateIn(await tempDir(t))
  state.writeIdentity(identity)
  writeSynced(state.path('key.pem'), key)
  return { fake, identity, agent: new Agent({ state, types: new World().types, version: '1.0.0', log: () => {} }) }
}

test('a command gets the newest catalog, and its report is stored before it ends', async (t) => {
  const { fake, identity, agent } = await joined(t)
  const fetching = fetchNow(agent)
  await fake.letIn(identity)
  const catalog = { node: 'n1', resources: [resource('a')] }
  fake.send({ type: 'catalog', catalog })
  const fetched = await fetching
  assert.equal(fetched.noCatalog, undefined)
  assert.equal(agent.catalog.read()?.digest, digestOf(catalog))

  for (const report of await agent.runner.run({ mode: 'converge', trigger: 'manual', orders: [] }))
    agent.delivery.add(report)
  const delivered = fetched.deliver()
  const { report } = await fake.hears('report')
  fake.send({ type: 'stored', run: report.run.id })
  assert.equal(await delivered, true)
  fetched.close()
})

test('a command hears why there is no catalog', async (t) => {
  const { fake, identity, agent } = await joined(t)
  const fetching = fetchNow(agent)
  await fake.letIn(identity)
  fake.send({ type: 'no-catalog', why: 'pending', reason: 'zookeeper needs 3 nodes' })
  const fetched = await fetching
  assert.equal(fetched.noCatalog, 'pending: zookeeper needs 3 nodes')
  fetched.close()
})

test('a command waits only so long for the server, and then lets go of it', async (t) => {
  const { fake, agent } = await joined(t)
  const fetching = fetchNow(agent, 200)
  const socket = await fake.connection()
  const closed = once(socket, 'close')
  await assert.rejects(fetching, /no answer within 0\.2 s/)
  await closed
})
