import { z } from 'zod'
import type { TimelinePlace } from '../store/store.ts'
import type { ApiParts, Handlers } from './call.ts'
import { ApiFault } from './fault.ts'
import { findNode } from './find.ts'

const Place = z.object({
  at: z.int(),
  type: z.enum(['run', 'order', 'write']),
  key: z.union([z.string(), z.number()]),
})

export function timelineHandlers(parts: ApiParts): Pick<Handlers, 'readTimeline'> {
  return {
    async readTimeline({ node: name, limit, after }, caller) {
      const node = await findNode(parts, caller, name)
      const placed = await parts.store.readTimeline(node, limit, after === undefined ? undefined : placeOf(after))
      const last = placed.at(-1)
      return { items: placed.map(({ item }) => item), next: last && placed.length === limit ? textOf(last) : null }
    },
  }
}

function textOf({ at, type, key }: TimelinePlace) {
  return Buffer.from(JSON.stringify({ at, type, key })).toString('base64url')
}

function placeOf(text: string) {
  try {
    return Place.parse(JSON.parse(Buffer.from(text, 'base64url').toString()))
  } catch (cause) {
    const fault = new ApiFault('bad-input', 'after: this is no `next` of an earlier page of this timeline.')
    fault.cause = cause
    throw fault
  }
}
