import { z } from 'zod'
import type { TimelinePlace } from '../store/store.ts'
import type { ApiParts, Handlers } from './call.ts'
import { findNode } from './find.ts'
import { type Key, keyAfter, pageFrom, strangePage } from './pages.ts'

const Type = z.enum(['run', 'order', 'write'])

export function timelineHandlers(parts: ApiParts): Pick<Handlers, 'readTimeline'> {
  return {
    async readTimeline({ node: name, ...page }, caller) {
      const node = await findNode(parts, caller, name)
      const after = placeOf(keyAfter(page, keyOf(begin)))
      const placed = await parts.store.readTimeline(node, { limit: page.limit + 1, sort: page.sort, after })
      const { items, next } = pageFrom(placed, page, keyOf)
      return { items: items.map(({ item }) => item), next }
    },
  }
}

const begin: TimelinePlace = { at: 0, type: 'run', key: 0 }

/** The key as text: it is a number for some types and not for others. */
function keyOf({ at, type, key }: TimelinePlace): Key {
  return [at, type, String(key)]
}

function placeOf(after: Key | undefined): TimelinePlace | undefined {
  if (!after) return undefined
  const [at, given, key] = after
  const { success, data: type } = Type.safeParse(given)
  if (!success) throw strangePage()
  return { at: Number(at), type, key: type === 'order' ? String(key) : Number(key) }
}
