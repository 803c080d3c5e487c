import { createHash } from 'node:crypto'
import { z } from 'zod'
import { isRecord } from './is-record.ts'

/** The one way to write a resource down: in recipes, events, logs and errors. */
export const ResourceId = z.templateLiteral([z.string(), '[', z.string(), ']'])
export type ResourceId = z.infer<typeof ResourceId>

export const Sha256 = z.hex().length(64)

/** Bytes kept under their hash. The agent asks the server only for blobs that it lacks. */
export const BlobRef = z.strictObject({ sha256: Sha256, bytes: z.int().nonnegative() })
export type BlobRef = z.infer<typeof BlobRef>

/** A command and its arguments, given to the kernel as they are: no shell reads them. */
export const Argv = z.array(z.string()).nonempty()
export type Argv = z.infer<typeof Argv>

/** If the resource changed, then `action` is owed to `target` until it is done. */
export const Notification = z.strictObject({ action: z.string(), target: ResourceId })
export type Notification = z.infer<typeof Notification>

/** What every resource may carry, whatever its type. */
export const Common = z.strictObject({
  requires: z
    .array(ResourceId)
    .optional()
    .describe('Resources that must not have failed; otherwise this one is skipped.'),
  onlyIf: Argv.optional().describe('A command; the resource is left alone unless it exits with 0.'),
  unless: Argv.optional().describe('A command; the resource is left alone if it exits with 0.'),
  retries: z.int().min(0).max(100).optional().describe('How often a failed apply is tried again, a second apart.'),
  timeoutMs: z
    .int()
    .positive()
    .optional()
    .describe('How long the resource may take; then its commands are killed, children too.'),
  sensitive: z.boolean().optional().describe('Values and diffs are kept out of events, reports and logs.'),
})
export type Common = z.infer<typeof Common>

export const CatalogResource = z.strictObject({
  type: z.string(),
  name: z.string(),
  recipe: z.string(),
  /** Where the recipe says so: `recipes/nginx/nginx.ts:9`. */
  declaredAt: z.string(),
  props: z.record(z.string(), z.unknown()),
  notifies: z.array(Notification),
  ...Common.shape,
})
export type CatalogResource = z.infer<typeof CatalogResource>

/** All that one node should be, in the order to make it so. Plain data, to be stored, diffed and shown. */
export const Catalog = z.strictObject({ node: z.string(), resources: z.array(CatalogResource) })
export type Catalog = z.infer<typeof Catalog>

export function idOf({ type, name }: Pick<CatalogResource, 'type' | 'name'>): ResourceId {
  return `${type}[${name}]`
}

/** JSON with sorted keys and without undefined: equal data gives equal text. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => (isRecord(inner) ? sortedByKey(inner) : inner))
}

function sortedByKey(record: Record<string, unknown>) {
  return Object.fromEntries(Object.entries(record).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

export function sha256(bytes: string | Uint8Array) {
  return createHash('sha256').update(bytes).digest('hex')
}

/** What a catalog, or facts, are known by: the SHA-256 of their canonical JSON. */
export function digestOf(value: unknown) {
  return sha256(canonicalJson(value))
}
