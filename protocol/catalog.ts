import { hash } from 'node:crypto'
import { z } from 'zod'
import { Argv } from './argv.ts'
import { isRecord } from './is-record.ts'
import { Name } from './name.ts'
import { hasOneWay, ProbeWays } from './probe.ts'

/** The one way to write a resource down: in recipes, events, logs and errors. */
export const ResourceId = z.templateLiteral([z.string(), '[', z.string(), ']'])
export type ResourceId = z.infer<typeof ResourceId>

export const Sha256 = z.hex().length(64)

/** Bytes kept under their hash. The agent asks the server only for blobs that it lacks. */
export const BlobRef = z.strictObject({ sha256: Sha256, bytes: z.int().nonnegative() })
export type BlobRef = z.infer<typeof BlobRef>

/** If the resource changed, then `action` is owed to `target` until it is done. */
export const Notification = z.strictObject({ action: z.string(), target: ResourceId })
export type Notification = z.infer<typeof Notification>

/** What a risky action needs before it is done: the right to, given by the server to few of a group at a time (docs/decisions/009). */
export const LeaseRule = z.strictObject({
  /** Shared by all nodes of the cluster whose catalogs name it. */
  group: Name,
  /** How many may be acting or unwell at a time: a number, or a part of the group such as `20%`, of which at least one. */
  max: z
    .union([z.int().min(1), z.string().regex(/^([1-9]\d?|100)%$/, 'a number, or a percentage such as 20%')])
    .default(1),
  /** The probe that must be well before the lease is given back. */
  until: ResourceId.optional(),
  /** A gate above the resource: until it has been open, this node is not of the group yet, and keeps nobody from acting. */
  from: ResourceId.optional(),
  /** Where this is so, all others of the group go first: the leader of an ensemble. */
  last: ProbeWays.refine(hasOneWay, { error: 'must have exactly one of tcp, http and command' }).optional(),
})
export type LeaseRule = z.infer<typeof LeaseRule>

/** What every resource may carry, whatever its type. */
export const Common = z.strictObject({
  requires: z
    .array(ResourceId)
    .optional()
    .describe('Resources that must not have failed; otherwise this one is skipped.'),
  onlyIf: Argv.optional().describe('A command; the resource is left alone unless it exits with 0.'),
  unless: Argv.optional().describe('A command; the resource is left alone if it exits with 0.'),
  retries: z.int().min(0).max(100).optional().describe('How often a failed apply or action is tried again.'),
  retryDelayMs: z.int().min(0).max(600_000).optional().describe('The time between two tries; a second where left out.'),
  timeoutMs: z
    .int()
    .positive()
    .optional()
    .describe('How long the resource may take; then its commands are killed, children too.'),
  ignoreFailure: z
    .boolean()
    .optional()
    .describe('Its failure is reported and skips only what requires it; it does not fail the run.'),
  audit: z.boolean().optional().describe('What differs is reported, and nothing is changed.'),
  lease: LeaseRule.optional().describe(
    'Its actions are done only with a lease of this group: by `max` nodes at a time, while enough of the others are well, until the probe `until` is well again. Where `last` holds, after all others. Of a node that waits at the gate `from` nobody takes heed.',
  ),
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

/** When changes are allowed: from each moment that `cron` names, for `minutes`. */
export const Window = z.strictObject({
  /** Five fields, as in crontab(5). */
  cron: z.string(),
  minutes: z
    .int()
    .min(1)
    .max(7 * 24 * 60),
  /** As in the IANA database; left out, UTC. */
  timezone: z.string().optional(),
})
export type Window = z.infer<typeof Window>

/** What becomes of a thing that Trivet made and that has left the catalog. `restore` brings back the file that it replaced. */
export const Cleanup = z.enum(['keep', 'remove', 'restore'])
export type Cleanup = z.infer<typeof Cleanup>

/** How the resources of one recipe are handled on this node, as the role and the recipe say. */
export const Policy = z.strictObject({
  audit: z.literal(true).optional(),
  watch: z.literal(true).optional(),
  window: Window.optional(),
  cleanup: Cleanup.optional(),
})
export type Policy = z.infer<typeof Policy>

/** Runs that would change something are off: by whom, why, and until when (ms since 1970; left out: until it is enabled again). */
export const Disabled = z.strictObject({ reason: z.string(), by: z.string(), until: z.int().optional() })
export type Disabled = z.infer<typeof Disabled>

/** All that one node should be, in the order to make it so. Plain data, to be stored, diffed and shown. */
export const Catalog = z.strictObject({
  node: z.string(),
  resources: z.array(CatalogResource),
  /** By recipe; one that is not here has the standard ways. */
  policies: z.record(z.string(), Policy).optional(),
  /** The whole node is only looked at. */
  audit: z.literal(true).optional(),
  disabled: Disabled.optional(),
  /** How long a run may take; then it stops before the next resource, and has failed. */
  runDeadlineMs: z.int().positive().optional(),
  /** The code of resource types that the agent does not have itself, by type. */
  types: z.record(z.string(), BlobRef).optional(),
})
export type Catalog = z.infer<typeof Catalog>

export function idOf({ type, name }: Pick<CatalogResource, 'type' | 'name'>): ResourceId {
  return `${type}[${name}]`
}

/** JSON of plain data, with sorted keys and without undefined: equal values have equal text. */
function canonicalJson(value: unknown): string {
  if (Array.isArray(value))
    return `[${value.map((one) => (one === undefined ? 'null' : canonicalJson(one))).join(',')}]`
  if (!isRecord(value)) return JSON.stringify(value)
  let members = ''
  for (const key of Object.keys(value).toSorted()) {
    if (value[key] === undefined) continue
    members += `${members && ','}${JSON.stringify(key)}:${canonicalJson(value[key])}`
  }
  return `{${members}}`
}

export function sha256(bytes: string | Uint8Array) {
  return hash('sha256', bytes, 'hex')
}

/** What a catalog, or facts, are known by: the SHA-256 of their canonical JSON. */
export function digestOf(value: unknown) {
  return sha256(canonicalJson(value))
}
