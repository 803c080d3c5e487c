import { z } from 'zod'
import { digestOf } from '../../protocol/catalog.ts'
import { isRecord } from '../../protocol/is-record.ts'
import { editProps, partName } from './edit.ts'
import { givenJustWhenPresent } from '../names.ts'

/** A JSON pointer (RFC 6901) to something within a document; `-`, the place behind a list's end, is none that could be found again. */
const Pointer = z.string().regex(/^(\/([^~/[\]\r\n\0]|~[01])*)+$/)

/** The name of what edits a document by pointer. */
export const PointedName = partName(Pointer, 'a JSON pointer, such as /etc/docker/daemon.json#/log-driver')

export const PointedProps = z.strictObject({
  ...editProps,
  value: z
    .json()
    .optional()
    .describe('What is to stand there, whole: any JSON. Objects that are missing on the way are made.'),
})
export type Pointed = z.infer<typeof PointedProps>
export type Steps = (string | number)[]

export function wrongPointed(_name: string, { ensure, value }: Pointed) {
  return givenJustWhenPresent('a value', ensure, value !== undefined)
}

/** Where the pointer leads in this document: indices of its lists are numbers. Throws where a value on the way holds nothing. */
export function stepsTo(pointer: string, root: unknown): Steps {
  let at = root
  return pointer
    .slice(1)
    .split('/')
    .map((escaped) => {
      const key = escaped.replaceAll('~1', '/').replaceAll('~0', '~')
      const step = Array.isArray(at) ? indexIn(at, key, pointer) : key
      if (at !== undefined && at !== null && !Array.isArray(at) && !isRecord(at))
        throw new Error(`${pointer} leads into ${JSON.stringify(at)}, which holds nothing. Mend one of the two.`)
      at = inside(at, step)
      return step
    })
}

function indexIn(list: unknown[], key: string, pointer: string) {
  if (/^(0|[1-9]\d*)$/.test(key) && Number(key) <= list.length) return Number(key)
  throw new Error(`${pointer}: ${key} is no place in a list of ${list.length}. Name one, or give the whole list.`)
}

export function valueAt(root: unknown, steps: Steps) {
  return steps.reduce(inside, root)
}

function inside(value: unknown, step: string | number): unknown {
  if (Array.isArray(value)) return value[Number(step)]
  return isRecord(value) && Object.hasOwn(value, step) ? value[step] : undefined
}

/** A copy of the document as it is to be. */
export function withValue(root: unknown, [step, ...more]: Steps, value: unknown): unknown {
  if (step === undefined) return value
  const inner = withValue(inside(root, step), more, value)
  if (!Array.isArray(root)) return withEntry(isRecord(root) ? root : {}, String(step), inner)
  const index = Number(step)
  return root.toSpliced(index, 1, ...(inner === undefined ? [] : [inner]))
}

function withEntry(record: Record<string, unknown>, key: string, value: unknown) {
  const others = Object.entries(record).filter(([one]) => one !== key)
  return Object.fromEntries(value === undefined ? others : [...others, [key, value]])
}

/** Whatever the order of keys. */
export function isSame(one: unknown, other: unknown) {
  return one === undefined || other === undefined ? one === other : digestOf(one) === digestOf(other)
}
