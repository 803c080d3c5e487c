import { z } from 'zod'
import type { Page } from '../../protocol/api/page.ts'
import { ApiFault } from './fault.ts'

/** Where an item stands in its list: the value of the field sorted by, then what no two items share. */
export type Key = (string | number)[]

interface Asked {
  limit: number
  after?: string | undefined
  skip?: number
  sort: string
}

const Cursor = z.tuple([z.string()], z.union([z.string(), z.number()]))

function cursorOf(sort: string, key: Key) {
  return Buffer.from(JSON.stringify([sort, ...key])).toString('base64url')
}

/** The key that the page before ended with. `sample` is what a key of this list looks like. */
export function keyAfter({ after, sort }: Asked, sample: Key): Key | undefined {
  if (after === undefined) return undefined
  const [of, ...key] = readCursor(after) ?? []
  const isSame = key.length === sample.length && key.every((part, index) => typeof part === typeof sample[index])
  if (of === sort && isSame) return key
  throw strangePage()
}

export function strangePage() {
  return new ApiFault(
    'bad-page',
    'after: is not the next of a page of this list with this sort. Begin anew without it.',
  )
}

function readCursor(text: string) {
  try {
    return Cursor.parse(JSON.parse(Buffer.from(text, 'base64url').toString()))
  } catch {
    // Whatever is wrong with it, it is none of ours.
    return undefined
  }
}

/** A page of rows that the store gave in order, from the page's begin on, and one more than asked for if there is one. */
export function pageFrom<Item>(rows: Item[], { limit, sort }: Asked, keyOf: (item: Item) => Key): Page<Item> {
  const items = rows.slice(0, limit)
  const last = items.at(-1)
  return { items, next: last !== undefined && rows.length > limit ? cursorOf(sort, keyOf(last)) : null }
}

/** A page of what is in memory. `keyOf` gives the key for the field sorted by; all keys of a field are of one shape. */
export function pageAmong<Item>(all: Item[], asked: Asked, keyOf: (item: Item, field: string) => Key): Page<Item> {
  if (all.length === 0) return { items: [], next: null }
  const field = asked.sort.replace(/^-/, '')
  const sign = asked.sort.startsWith('-') ? -1 : 1
  const keyed = all.map((item) => ({ item, key: keyOf(item, field) }))
  const after = keyAfter(asked, keyed[0]?.key ?? [])
  const rest = after ? keyed.filter(({ key }) => sign * compare(key, after) > 0) : keyed
  const { skip = 0, limit } = asked
  const rows = rest.toSorted((a, b) => sign * compare(a.key, b.key)).slice(skip, skip + limit + 1)
  const page = pageFrom(rows, asked, ({ key }) => key)
  return { ...page, items: page.items.map(({ item }) => item) }
}

function compare(a: Key, b: Key) {
  // No closure: ten thousand nodes are sorted for each list of them.
  for (const [index, left] of a.entries()) {
    const right = b[index]
    if (right !== undefined && left !== right) return left < right ? -1 : 1
  }
  return 0
}
