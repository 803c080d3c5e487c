import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { makeClient } from '../../cli/api-client.ts'
import { api } from '../../protocol/api.ts'
import { fetchCa } from '../../protocol/pin.ts'
import { formatToken, parseInvitation } from '../../protocol/token.ts'
import { startServer } from '../../server/server.ts'
import { tempDir } from '../helpers/converges.ts'
import { connect, enrol, reportOf } from '../helpers/fake-agent.ts'
import { makeSources } from '../helpers/test-server.ts'

/** `trivet server` as people start it, killed with the test at the latest. */
async function spawnServer(t: TestContext) {
  const dir = await tempDir(t)
  const sources = await makeSources(dir)
  const data = join(dir, 'data')
  const args = [
    'server',
    '--data',
    data,
    '--listen',
    '127.0.0.1:0',
    '--recipes',
    sources.recipes,
    '--roles',
    sources.roles,
  ]
  const child = spawn('bin/trivet', args, { stdio: ['ignore', 'pipe', 'ignore'] })
  t.after(() => child.kill('SIGKILL'))
  const invitation = parseInvitation((await firstLine(child)).replace('trivet login ', ''))
  assert(invitation)
  const { url, token } = invitation
  const ca = await fetchCa(url, token.ca)
  const client = makeClient({ url, ca, token: formatToken(token) })
  return { child, data, sources, url, ca, client }
}

async function firstLine({ stdout }: ChildProcess) {
  assert(stdout)
  let text = ''
  for await (const part of stdout) {
    text += String(part)
    if (text.includes('\n')) break
  }
  return text.split('\n')[0] ?? ''
}

/** On the data that the one before left behind, at the same address. */
async function startAgain(
  t: TestContext,
  { data, sources, url }: Pick<Awaited<ReturnType<typeof spawnServer>>, 'data' | 'sources' | 'url'>,
) {
  const log = { level: 'silent', to: process.stderr }
  const port = Number(new URL(url).port)
  const options = { data, ...sources, host: '127.0.0.1', port, intervalMs: 1e6, version: '0.1.0', log }
  const again = await startServer(options)
  t.after(() => again.close())
}

test('SIGTERM ends the server cleanly, with 0', async (t) => {
  const { child } = await spawnServer(t)
  child.kill('SIGTERM')
  assert.deepEqual(await once(child, 'exit'), [0, null])
})

test('what was acknowledged before kill -9 is there at the next start, which nothing stands in the way of', async (t) => {
  const { child, data, sources, url, ca, client } = await spawnServer(t)
  const { token } = await client.call(api.createToken, { roles: ['word'] })
  const { keys } = await enrol({ url, ca }, token, 'n1')
  const agent = await connect({ url, ca }, keys)
  const { id: order } = await client.call(api.createOrder, { nodes: ['n1'] })
  await agent.next('order')
  const report = reportOf('00000000-0000-4000-8000-000000000001', { outcome: 'changed' })
  agent.send({ type: 'report', report, clock: Date.now() })
  await agent.next('stored')
  child.kill('SIGKILL')
  await agent.closed

  await startAgain(t, { data, sources, url })
  assert.equal((await client.list(api.listRuns, {}))[0]?.id, report.run.id)
  const back = await connect({ url, ca }, keys)
  assert.equal((await back.next('order')).id, order)
})

test('an order under one key is one, however often it is given at once while kill -9 ends the server, and by what was asked first', async (t) => {
  const { child, data, sources, url, ca, client } = await spawnServer(t)
  const { token } = await client.call(api.createToken, { roles: ['word'] })
  for (const name of ['n1', 'n2']) await enrol({ url, ca }, token, name)
  const give = (key: string, node = 'n1') => client.call(api.createOrder, { nodes: [node], idempotencyKey: key })
  const before = (await Promise.all([give('first'), give('first')])).map(({ id }) => id)
  assert.equal(before[0], before[1])

  // Some are answered, some are stored and not answered, some never came.
  const keys = Array.from({ length: 20 }, (_, n) => `key-${n}`)
  const answers = keys.map((key) => Promise.allSettled([give(key), give(key)]))
  await Promise.race(answers)
  child.kill('SIGKILL')
  const told = await Promise.all(answers)
  await startAgain(t, { data, sources, url })

  const ids: string[] = []
  for (const [n, key] of keys.entries()) {
    const [one, other] = await Promise.all([give(key), give(key)])
    assert.equal(one.id, other.id, `${key} is one order`)
    for (const answer of told[n] ?? []) if (answer.status === 'fulfilled') assert.equal(answer.value.id, one.id)
    ids.push(one.id)
  }
  assert.equal((await give('first')).id, before[0])
  const [first] = before
  await assert.rejects(give('first', 'n2'), { code: 'key-reused', details: { order: first } })
  const both = await Promise.allSettled([give('either', 'n1'), give('either', 'n2')])
  assert.deepEqual(both.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected'], 'two bodies at once')
  const listed = await client.list(api.listOrders, {})
  assert.equal(listed.length, new Set([...ids, first]).size + 1)
})
