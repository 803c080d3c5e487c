import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { Addresses } from '../../bridge/marathon/addresses.ts'
import { readApps } from '../../bridge/marathon/apps.ts'
import { until } from '../../lab/run.ts'
import { taskOf, told } from './apps.ts'

const { apps } = readApps({
  apps: [told('/web', { tasks: ['well', 'slow', 'gone'].map((host) => taskOf('/web', host, 31001)) })],
})

test('a name that takes long to be found keeps no other waiting, and is told once it is', async () => {
  let changes = 0
  const slow = new EventEmitter()
  const asked: string[] = []
  const addresses = new Addresses(
    () => changes++,
    async (host) => {
      asked.push(host)
      if (host === 'gone') throw new Error('ENOTFOUND')
      return host === 'slow' ? String(await once(slow, 'found')) : '10.0.0.1'
    },
  )
  const startedAt = performance.now()
  assert.deepEqual(await addresses.of(apps, 0), new Map([['well', '10.0.0.1']]))
  assert(performance.now() - startedAt < 20_000)
  const againAt = performance.now()
  await addresses.of(apps, 0)
  assert(performance.now() - againAt < 1500)
  const before = changes
  slow.emit('found', '10.0.0.2')
  await until('the slow one to be told', async () => changes > before)
  assert.deepEqual((await addresses.of(apps, 0)).get('slow'), '10.0.0.2')
  // Never twice at the same time.
  assert.equal(asked.filter((host) => host === 'slow').length, 1)
})

test('an address that was found once stands while its name is not found anew', async () => {
  const hosts: string[] = []
  const addresses = new Addresses(
    () => {},
    (host) => {
      hosts.push(host)
      return hosts.length > 3 ? pause(1_000_000, '', { ref: false }) : Promise.resolve('10.0.0.1')
    },
  )
  await addresses.of(apps, 0)
  const startedAt = performance.now()
  assert.equal((await addresses.of(apps, 120_000)).size, 3)
  assert(performance.now() - startedAt < 1500)
  assert.equal(hosts.length, 6)
})
