import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { api } from '../../../protocol/api.ts'
import { digestOf } from '../../../protocol/catalog.ts'
import { reportOf } from '../../helpers/fake-agent.ts'
import { joinAll, member, report, serveQuorum, wanted } from '../../helpers/quorum.ts'
import type { Served } from '../../helpers/test-server.ts'

type Member = Awaited<ReturnType<typeof member>>

/** Of these names, connected, well and with their catalogs. */
async function members(served: Served, names: string[]): Promise<[Member, Member]> {
  const keys = await joinAll(served, names)
  const [first, second, ...others] = await Promise.all(keys.map((one) => member(served.place, one)))
  assert(first && second)
  for (const agent of [first, second, ...others]) await agent.next('catalog')
  return [first, second]
}

test('whoever acts by a lease of one group is not well in its other groups', async (t) => {
  const served = await serveQuorum(t)
  const [m1, m2] = await members(served, ['m1', 'm2'])
  for (const node of ['m1', 'm2']) await served.client.call(api.assignRoles, { node, roles: ['beside'] })
  for (const agent of [m1, m2]) await agent.next('catalog')
  m1.want(wanted)
  const { fence } = await m1.next('lease')
  m2.want({ group: 'beside', action: 'restart service[beside]' })
  assert.equal((await m2.next('no-lease')).reason, 'node m1 acts by a lease of group quorum')
  m1.send({ type: 'lease-over', group: 'quorum', fence })
  assert.equal((await m2.next('lease')).group, 'beside')
})

test('nobody heeds a member that has yet to pass its gate, and everybody one that has', async (t) => {
  const served = await serveQuorum(t)
  const [m1] = await members(served, ['m1', 'm2', 'm3'])
  const [key] = await joinAll(served, ['new'], 'newcomer')
  assert(key)
  const agent = await member(served.place, key)
  const { digest } = await agent.next('catalog').then(({ catalog }) => ({ digest: digestOf(catalog) }))
  agent.send({ type: 'health', probes: { 'probe[newcomer]': 'it has not begun' } })
  await report(agent, reportOf(randomUUID(), { catalog: digest, waits: { 'gate[come]': '2 of 3' } }))
  m1.want(wanted)
  const { fence } = await m1.next('lease')
  m1.send({ type: 'lease-over', group: 'quorum', fence })

  await report(agent, reportOf(randomUUID(), { catalog: digest }))
  m1.want(wanted)

  assert.match((await m1.next('no-lease')).reason, /probe\[newcomer\] on new is not well: it has not begun/)
})
