import type { Filter, ResourceType, Tag, TagSpecification } from '@aws-sdk/client-ec2'

/** Whatever carries the cluster's is ours; nothing else is ever touched. */
export const tagKeys = {
  cluster: 'trivet:cluster',
  group: 'trivet:group',
  node: 'trivet:node',
  attempt: 'trivet:attempt',
  createdBy: 'trivet:created-by',
  /** Of a volume that is to outlive its machine. */
  keep: 'trivet:keep',
  /** Of an image that was baked, of its snapshots and of its builder: what it is called in all its versions. */
  image: 'trivet:image',
  /** Of an image that was baked: a machine of it has become a node. Until then nobody takes it. */
  tried: 'trivet:tried',
  /** Of a builder: when it is an orphan, as ISO 8601. */
  expires: 'trivet:expires',
} as const

const own = ['cluster', 'group', 'node', 'attempt', 'keep', 'image', 'expires'] as const

/** What something is tagged with, beside `Name`. */
export type OwnTags = Partial<Record<(typeof own)[number], string>>

/** The same tags in the same order for the same thing: a call that is repeated has to be the same. */
export function tagsOf(name: string, ours: OwnTags, others: Record<string, string> = {}): Tag[] {
  const all: Record<string, string> = { ...others, Name: name, [tagKeys.createdBy]: 'trivet' }
  for (const what of own) {
    const value = ours[what]
    if (value !== undefined) all[tagKeys[what]] = value
  }
  return Object.entries(all)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([Key, Value]) => ({ Key, Value }))
}

/** Tags everything that one call makes, as it makes it. */
export function tagged(tags: Tag[], ...types: ResourceType[]): TagSpecification[] {
  return types.map((ResourceType) => ({ ResourceType, Tags: tags }))
}

export function tagOf(of: { Tags?: Tag[] | undefined }, key: string): string | undefined {
  return of.Tags?.find(({ Key }) => Key === key)?.Value
}

export function withTag(key: string, ...values: string[]): Filter {
  return { Name: `tag:${key}`, Values: values }
}
