import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import type { ResourceEvent, Run } from '../../../protocol/events.ts'
import { reportOf } from '../../helpers/fake-agent.ts'
import { enrolled, type Open } from './enrolled.ts'

const changed: ResourceEvent = {
  id: 'file[/etc/motd]',
  outcome: 'changed',
  recipe: 'base',
  durationMs: 3,
  changes: [{ what: 'mode', from: '0600', to: '0644' }],
}

/** What a store promises of what nodes report. */
export function runsContract(open: Open) {
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
      {
        outcome: 'failed',
        catalog: 'ab'.repeat(32),
        owed: ['restart service[x]'],
        waits: { 'gate[quorum]': '1 of 2' },
        error: 'why',
        orders: ['o'],
        orphans: ['file[/old]'],
        plan: 'cd'.repeat(32),
        reboot: 'the kernel is new',
      },
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

  test('finds runs by what they began with, newest first', async (t) => {
    const store = await open(t)
    const [id] = await enrolled(store, 'n1')
    for (const [index, trigger] of (['drift', 'schedule', 'drift', 'boot'] as const).entries())
      await store.storeReport(id, reportOf(randomUUID(), { trigger, finishedAt: index + 1 }), 5)
    const found = async (trigger: Run['trigger']) =>
      (await store.findRuns({ trigger, limit: 5 })).map(({ finishedAt }) => finishedAt)
    assert.deepEqual([await found('drift'), await found('schedule'), await found('order')], [[3, 1], [2], []])
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
    const [catalog, waits] = ['ab'.repeat(32), { 'gate[quorum]': '1 of 2' } as const]
    const newest = reportOf(randomUUID(), { finishedAt: 200, owed: ['reload service[a]'], catalog, waits })
    await store.storeReport(id, newest, 1)
    await store.storeReport(id, reportOf(randomUUID(), { finishedAt: 100, outcome: 'failed' }), 2)
    await store.storeReport(id, reportOf(randomUUID(), { finishedAt: 300, outcome: 'would-change', mode: 'plan' }), 3)
    assert.deepEqual((await store.readStandings()).get(id), {
      seenAt: 77,
      lastRun: { id: newest.run.id, outcome: 'unchanged', finishedAt: 200 },
      owed: ['reload service[a]'],
      catalog,
      waits,
    })
  })

  test('a node owes a reboot that it has asked for until the run after it', async (t) => {
    const store = await open(t)
    const [id] = await enrolled(store, 'n1')
    const owed = async () => (await store.readStandings()).get(id)?.owed
    await store.storeReport(id, reportOf(randomUUID(), { finishedAt: 100, reboot: 'for a new kernel' }), 1)
    assert.deepEqual(await owed(), ['reboot'])
    await store.storeReport(id, reportOf(randomUUID(), { finishedAt: 200 }), 2)
    assert.deepEqual(await owed(), [])
  })
}
