import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Server } from 'node:http'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { tempDir } from '../../helpers/converges.ts'
import { ok, serve } from '../shared/http.ts'
import { type Registry, ReplicatedLog } from './replicated-log.ts'

const registry: Registry = { agents: [], unreachable: ['m-S1'] }
const soon = () => AbortSignal.timeout(1500)

/** Masters of a quorum that know each other; a folder that is used again has what it had. */
async function ensemble(t: TestContext) {
  const dir = await tempDir(t)
  const members: string[] = []
  const start = async (name: string, quorum: number) => {
    let log: ReplicatedLog | undefined
    const server: Server = serve([
      { method: 'POST', path: /^\/stand-in\/replica$/, handler: ({ body }) => ok(log?.answer(JSON.parse(body))) },
    ])
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    const self = `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
    log = new ReplicatedLog({
      folder: join(dir, name),
      quorum,
      self,
      members: async () => members,
      autoInitialize: true,
    })
    members.push(self)
    const stop = () => {
      server.close()
      if (members.includes(self)) members.splice(members.indexOf(self), 1)
    }
    t.after(stop)
    return { log, stop }
  }
  return start
}

/** Whether it votes before long. */
async function votes(log: ReplicatedLog) {
  await log.recover(soon())
  return log.status === 'VOTING'
}

test('a log begins when all are there, and bears the loss of a minority', async (t) => {
  const start = await ensemble(t)
  const [one, two] = [await start('one', 2), await start('two', 2)]
  assert.deepEqual(await Promise.all([one, two].map(({ log }) => votes(log))), [false, false])
  const three = await start('three', 2)
  assert.deepEqual(await Promise.all([one, two, three].map(({ log }) => votes(log))), [true, true, true])
  await one.log.fetch(soon())
  await one.log.append(registry)
  one.stop()
  assert.deepEqual(await two.log.fetch(soon()), registry)
  two.stop()
  await assert.rejects(three.log.fetch(soon()))
  await assert.rejects(three.log.append(registry))
})

test('who was followed by another writes no more', async (t) => {
  const start = await ensemble(t)
  const all = [await start('one', 2), await start('two', 2), await start('three', 2)]
  await Promise.all(all.map(({ log }) => votes(log)))
  const [one, two] = all
  await one?.log.fetch(soon())
  await two?.log.fetch(soon())
  await assert.rejects(async () => one?.log.append(registry))
  await two?.log.append(registry)
})

test('one that was replaced catches up with the others', async (t) => {
  const start = await ensemble(t)
  const [one, two, three] = [await start('one', 2), await start('two', 2), await start('three', 2)]
  await Promise.all([one, two, three].map(({ log }) => votes(log)))
  three.stop()
  await one.log.fetch(soon())
  await one.log.append(registry)
  const fresh = await start('fresh', 2)
  assert.equal(await votes(fresh.log), true)
  two.stop()
  assert.deepEqual(await fresh.log.fetch(soon()), registry)
})

test('from one master to three nothing is recovered while the old log lies there', async (t) => {
  const start = await ensemble(t)
  const alone = await start('one', 1)
  assert.equal(await votes(alone.log), true)
  alone.stop()
  const all = [await start('one', 2), await start('two', 2), await start('three', 2)]
  assert.deepEqual(await Promise.all(all.map(({ log }) => votes(log))), [true, false, false])
  await assert.rejects(async () => all[0]?.log.fetch(soon()))
})
