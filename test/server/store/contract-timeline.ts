import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TimelinePlace, TimelineSort } from '../../../server/store/store.ts'
import { reportOf } from '../../helpers/fake-agent.ts'
import { by, enrolled, type Open } from './enrolled.ts'

const idOf = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`

export function timelineContract(open: Open) {
  test('pages a timeline either way, and misses and doubles nothing of one moment', async (t) => {
    const store = await open(t)
    const [id] = await enrolled(store, 'web-1')
    const node = { id, name: 'web-1', cluster: 'default' }
    const order = { mode: 'converge', author: 'ann', deadline: 99 } as const
    let n = 0
    for (const at of [1000, 1000, 3000]) {
      await store.setAttribute({ scope: 'node', subject: id, key: 'k' }, ++n, { ...by, at })
      await store.createOrder({ ...order, id: `o${n}`, createdAt: at }, [{ node: id, state: 'refused' }], { ...by, at })
      await store.storeReport(id, reportOf(idOf(n), { startedAt: 0, finishedAt: at }), at)
    }

    const pages = async (sort: TimelineSort, limit: number) => {
      const told: TimelinePlace[] = []
      for (let after: TimelinePlace | undefined; ;) {
        const page = await store.readTimeline(node, { limit, sort, after })
        told.push(...page)
        after = page.at(-1)
        if (page.length < limit) return told.map(({ at, type, key }) => `${at} ${type} ${key}`)
      }
    }
    const newestFirst = await pages('-at', 100)
    const times = newestFirst.map((place) => place.replace(/ \S+$/, ''))
    const first = '3000 run, 3000 order, 3000 write, 2000 write, '
    assert.equal(times.join(', '), `${first}1000 run, 1000 run, 1000 order, 1000 order, 1000 write, 1000 write`)
    for (const limit of [1, 2, 3, 100]) {
      assert.deepEqual(await pages('-at', limit), newestFirst, `${limit} a page`)
      assert.deepEqual(await pages('at', limit), newestFirst.toReversed(), `${limit} a page, oldest first`)
    }
  })
}
