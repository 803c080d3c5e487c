import { compileFunction } from 'node:vm'
import * as zod from 'zod'
import type { BlobRef } from '../../protocol/catalog.ts'
import { messageOf } from '../../protocol/errors.ts'
import { isRecord } from '../../protocol/is-record.ts'
import type { ResourceType } from '../../resources/define.ts'
import * as resource from '../../resources/resource.ts'
import type { Blobs } from './blobs.ts'

/** What the code of a type is given; the server left it out of what travels. */
const given: Record<string, unknown> = { 'trivet/resource': resource, zod }

/** Loads the types whose code a catalog brought. One that cannot be loaded is an error in its place, so that it fails its own resources alone. */
export function loadTypes(types: Record<string, BlobRef>, blobs: Pick<Blobs, 'read'>) {
  return Object.fromEntries(Object.entries(types).map(([type, code]) => [type, typeOrWhyNot(type, code, blobs)]))
}

function typeOrWhyNot(type: string, code: BlobRef, blobs: Pick<Blobs, 'read'>): ResourceType | Error {
  try {
    return loadType(type, blobs.read(code).toString())
  } catch (cause) {
    return new Error(`resource type ${type} cannot be loaded on this node: ${messageOf(cause)}`, { cause })
  }
}

function loadType(type: string, code: string): ResourceType {
  const module: { exports: { default?: unknown } } = { exports: {} }
  const run = compileFunction(code, ['module', 'require'], { filename: `trivet:types/${type}` })
  run(module, requireGiven)
  const loaded = module.exports.default
  if (!isResourceType(loaded) || loaded.type !== type) throw new Error(`its code gives no resource type ${type}`)
  // Nobody here knows whether its apply keeps to `host.files`, and a plan must write nothing: it is not tried out, unless it says how.
  return { effects: (name, _want, foreseen) => foreseen.mayBring(`${type}[${name}]`), ...loaded }
}

function requireGiven(name: string) {
  const found = given[name] ?? process.getBuiltinModule(name)
  if (found === undefined)
    throw new Error(`it imports ${name}, which this agent does not have. Is it older than the server?`)
  return found
}

/** What is more to say of it, the server has checked. */
function isResourceType(value: unknown): value is ResourceType {
  return (
    isRecord(value) &&
    value['props'] instanceof zod.z.ZodType &&
    value['name'] instanceof zod.z.ZodType &&
    typeof value['check'] === 'function' &&
    typeof value['apply'] === 'function'
  )
}
