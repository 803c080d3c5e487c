import assert from 'node:assert/strict'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { api } from '../../../protocol/api.ts'
import type { UpgradeResult } from '../../../protocol/upgrade.ts'
import { offerOf } from '../../../protocol/versions.ts'
import { connect, enrol } from '../../helpers/fake-agent.ts'
import { tempDir } from '../../helpers/converges.ts'
import { serve } from '../../helpers/test-server.ts'

const line = (version: string) => `${'a'.repeat(64)}  trivet-agent-${version}-linux-x64.tar.gz\n`
const upgrade = { version: '1.1.0' }

/** A server that hands out 1.1.0, signed as far as it can tell, and a node. */
async function served(t: TestContext, offered = offerOf()) {
  const agents = await tempDir(t)
  await mkdir(agents, { recursive: true })
  await writeFile(join(agents, 'SHA256SUMS'), line('1.1.0'))
  await writeFile(join(agents, 'SHA256SUMS.sig'), 'a signature')
  const server = await serve(t, { agents })
  const { keys } = await enrol(server.place, await server.joinToken({ roles: ['word'] }), 'n1')
  const agent = await connect(server.place, keys, { offered })
  await agent.next('catalog')
  const give = (more = {}) => server.client.call(api.createOrder, { mode: 'upgrade', nodes: ['n1'], upgrade, ...more })
  const targetOf = async (id: string) => (await server.client.call(api.readOrder, { id })).targets[0]
  return { ...server, agents, agent, keys, give, targetOf }
}

test('an order to upgrade is told as one, and ends as the agent says', async (t) => {
  const { agent, give, targetOf, client } = await served(t)
  const order = await give()
  assert.deepEqual(order.upgrade, { version: '1.1.0', downgrade: false, patienceMs: 300_000 })
  const { startBy: _startBy, ...told } = await agent.next('upgrade')
  assert.deepEqual(told, { type: 'upgrade', id: order.id, version: '1.1.0', downgrade: false, patienceMs: 300_000 })
  agent.send({ type: 'delivered', order: order.id })
  agent.send({ type: 'upgrading', order: order.id })
  const over = (result: Omit<UpgradeResult, 'order'>) =>
    agent.send({ type: 'upgrade-over', result: { order: order.id, ...result } })
  over({ outcome: 'rolled-back', version: '1.0.0', reason: '1.1.0 was rolled back: it did not connect' })
  assert.equal((await agent.next('upgrade-stored')).order, order.id)
  const target = await targetOf(order.id)
  assert.deepEqual([target?.state, target?.reason], ['failed', '1.1.0 was rolled back: it did not connect'])
  over({ outcome: 'upgraded', version: '1.1.0' })
  await agent.next('upgrade-stored')
  assert.equal((await targetOf(order.id))?.state, 'failed', 'a final state stays')
  const [row] = await client.list(api.listOrders, { mode: 'upgrade' })
  assert.deepEqual([row?.upgrade?.version, row?.states], ['1.1.0', { failed: 1 }])
})

test('an agent that went away hears of it again, and a failed one can be asked again', async (t) => {
  const { agent, give, place, keys, client } = await served(t)
  const order = await give()
  agent.send({ type: 'delivered', order: (await agent.next('upgrade')).id })
  agent.socket.close()
  const back = await connect(place, keys, { offered: offerOf() })
  assert.equal((await back.next('upgrade')).id, order.id)
  back.send({ type: 'refused', order: order.id, reason: 'there is no room' })
  const again = async () => (await client.call(api.orderAgain, { id: order.id })).upgrade
  const until = Date.now() + 10_000
  for (;;) {
    const given = await again().catch((error: { code?: string }) => error.code)
    if (given !== 'nothing-again' || Date.now() > until) {
      assert.deepEqual(given, order.upgrade)
      break
    }
  }
  assert.notEqual((await back.next('upgrade')).id, order.id)
})

test('an agent of before there were upgrades is not asked, and the order says what to do', async (t) => {
  const { give } = await served(t, [])
  const [target] = (await give()).targets
  assert.equal(target?.state, 'refused')
  assert.match(target?.reason ?? '', /cannot upgrade itself yet\. Next: install a newer one/)
})

test('what the server does not hand out, or nobody signed, is not ordered', async (t) => {
  const { agents, give, client } = await served(t)
  await assert.rejects(give({ upgrade: { version: '9.0.0' } }), {
    code: 'no-agent',
    message: /no agent 9\.0\.0: SHA256SUMS in its folder of agents names 1\.1\.0\. Next: .*docs\/operating\.md/,
  })
  await assert.rejects(give({ deadlineMs: 300_000 }), { code: 'bad-input' })
  await assert.rejects(give({ mode: 'converge' }), { code: 'bad-input' })
  await assert.rejects(client.call(api.createOrder, { mode: 'upgrade', nodes: ['n1'] }), { code: 'bad-input' })
  await rm(join(agents, 'SHA256SUMS.sig'))
  await assert.rejects(give(), { code: 'no-agent', message: /not signed/ })
  await rm(join(agents, 'SHA256SUMS'))
  await assert.rejects(give(), { code: 'no-agent', message: /names none\./ })
})
