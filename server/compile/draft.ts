import { z } from 'zod'
import { type BlobRef, type CatalogResource, Common, ResourceId, sha256 } from '../../protocol/catalog.ts'
import { describeIssue, type Given, textOf } from '../../protocol/describe-issue.ts'
import { isRecord } from '../../protocol/is-record.ts'
import { suggest } from '../suggest.ts'

/** What the compiler needs of a resource type. */
export interface Declarable {
  type: string
  props: z.ZodType
  name: z.ZodType<string>
  blobs?: string[]
  problem?(name: string, want: unknown, common: Common): string | undefined
  paths?(name: string, want: unknown): string[]
  edits?(name: string, want: unknown): string
  owns?(name: string, want: unknown): string[]
  among?(name: string, want: unknown, managed: string[]): unknown
  actions?: Record<string, unknown>
  /** Where its author's code threw; ours does not. */
  threw?(error: unknown): string
}

/** A call in a recipe. */
export interface Declaration {
  name: unknown
  given: Record<string, unknown>
  recipe: string
  declaredAt: string
}

/** What on the node a resource manages, as its type says. */
interface Managed {
  paths: string[]
  edits: string | undefined
  owns: string[]
}

/** A catalog in the making. Wrong declarations are left out and told in `errors`, so that authors see all of them at once. */
export interface Draft {
  resources: Map<ResourceId, CatalogResource>
  blobs: Map<string, Buffer>
  managed: Map<ResourceId, Managed>
  errors: string[]
}

/** As recipes write it: `{ restart: 'service[a]', reload: ['service[b]', 'service[c]'] }`. */
const Notifies = z.record(z.string(), z.union([ResourceId, z.array(ResourceId)])).default({})
const Shared = Common.extend({ notifies: Notifies })
export const sharedKeys = new Set(Object.keys(Shared.shape))

export function addBlob({ blobs }: Draft, content: string | Buffer): BlobRef {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content
  const hash = sha256(bytes)
  blobs.set(hash, bytes)
  return { sha256: hash, bytes: bytes.length }
}

export function addResource(draft: Draft, type: Declarable, declaration: Declaration) {
  const { name, recipe, declaredAt } = declaration
  const id: ResourceId = `${type.type}[${String(name)}]`
  const checked = wrongName(draft, type, id, name) ?? checkProps(draft, type, declaration)
  if (Array.isArray(checked)) {
    draft.errors.push(...checked.map((text) => `${declaredAt}: ${id}: ${text}`))
  } else {
    draft.managed.set(id, managedBy(type, String(name), checked.props))
    draft.resources.set(id, { type: type.type, name: String(name), recipe, declaredAt, ...checked })
  }
}

function wrongName(draft: Draft, type: Declarable, id: ResourceId, name: unknown) {
  const { success, data, error } = type.name.safeParse(name)
  if (!success)
    return error.issues.map(
      (issue) => `its name ${textOf(issue, typeof name === 'string' ? undefined : { value: name })}`,
    )
  if (data.startsWith('-')) return ['its name begins with a dash, which a command would read as an option']
  const other = draft.resources.get(id)
  return other && [`is declared already, at ${other.declaredAt}; declare it in one place`]
}

/** The props with defaults filled in, or what is wrong with them. */
function checkProps(draft: Draft, type: Declarable, { name, given }: Declaration) {
  const [props, shared] = split(given)
  const parsed = type.props.safeParse(withBlobs(draft, type, props))
  const common = Shared.safeParse(shared)
  if (!parsed.success || !common.success) {
    const issues = [...(parsed.error?.issues ?? []), ...(common.error?.issues ?? [])]
    const isSecret = shared['sensitive'] !== undefined && shared['sensitive'] !== false
    return issues.map((issue) => describe(issue, type, isSecret ? undefined : { value: given }))
  }
  if (!isRecord(parsed.data)) throw new Error(`The props of resource type ${type.type} are no record`)
  const problem = type.problem?.(String(name), parsed.data, common.data)
  if (problem !== undefined) return [problem]

  const { notifies, ...rest } = common.data
  const owed = Object.entries(notifies).flatMap(([action, to]) => [to].flat().map((target) => ({ action, target })))
  return { props: parsed.data, notifies: owed, ...rest }
}

function managedBy(type: Declarable, name: string, want: unknown): Managed {
  return {
    paths: type.paths?.(name, want) ?? [],
    edits: type.edits?.(name, want),
    owns: type.owns?.(name, want) ?? [],
  }
}

function split(given: Record<string, unknown>) {
  const entries = Object.entries(given).filter(([, value]) => value !== undefined)
  const shared = entries.filter(([key]) => sharedKeys.has(key))
  const props = shared.length > 0 ? entries.filter(([key]) => !sharedKeys.has(key)) : entries
  return [Object.fromEntries(props), Object.fromEntries(shared)] as const
}

function withBlobs(draft: Draft, { blobs = [] }: Declarable, props: Record<string, unknown>) {
  for (const key of blobs) {
    const text = props[key]
    if (typeof text === 'string') props[key] = addBlob(draft, text)
  }
  return props
}

/** `mode: must be four octal digits, such as '0644', not the number 420`; of what is sensitive without the value. */
function describe(issue: z.core.$ZodIssue, { props, blobs }: Declarable, value: Given | undefined) {
  if (issue.code === 'unrecognized_keys' && issue.path.length === 0) {
    const known = [...(props instanceof z.ZodObject ? Object.keys(props.shape) : []), ...sharedKeys]
    return issue.keys.map((key) => `has no prop ${key}. ${suggest(key, known)}`).join(' ')
  }
  if (issue.code === 'invalid_type' && issue.path.length === 1 && blobs?.includes(String(issue.path[0])))
    return describeIssue({ ...issue, message: 'must be text, or what template() or source() gives' }, value)
  return describeIssue(issue, value)
}
