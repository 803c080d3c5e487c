import type { Catalog, LeaseRule, ResourceId } from '../../protocol/catalog.ts'
import type { Wanted } from '../catalogs.ts'
import type { Lease } from '../store/store.ts'

/** Under which rule a resource of a node has its actions. */
interface Rule extends LeaseRule {
  id: ResourceId
}

export interface GroupMember {
  name: string
  rules: Rule[]
}

/** All that share leases: nodes of one cluster whose catalogs name the group. */
export interface Group {
  cluster: string
  name: string
  members: Map<string, GroupMember>
  /** By node. */
  held: Map<string, Lease>
  /** Nodes that may be asking; what they want is with their connections. */
  asking: Set<string>
  /** One after the other, so that two never get the last place at once. */
  look: () => Promise<void>
}

/** The groups, kept as catalogs change. */
export class Groups {
  readonly #lookAt: (group: Group) => () => Promise<void>
  readonly #groups = new Map<string, Group>()
  /** Those that a node is a member of, or holds a lease of. */
  readonly #ofNode = new Map<string, Set<Group>>()

  constructor(lookAt: (group: Group) => () => Promise<void>) {
    this.#lookAt = lookAt
  }

  all() {
    return [...this.#groups.values()]
  }

  find(cluster: string, name: string) {
    return this.#groups.get(keyOf(cluster, name))
  }

  of(nodeId: string) {
    return [...(this.#ofNode.get(nodeId) ?? [])]
  }

  /** As stored: it was given before the server began. */
  addHeld(lease: Lease) {
    const group = this.#make(lease.cluster, lease.group)
    group.held.set(lease.node, lease)
    this.#join(lease.node, group)
  }

  /** A node whose catalog does not compile goes by the one that it has. */
  index({ node: { id, name, cluster }, compiled }: Wanted) {
    if (!('catalog' in compiled)) return
    const rules = rulesIn(compiled.catalog)
    for (const group of this.of(id)) if (!rules.has(group.name)) this.#leave(id, group)
    for (const [groupName, itsRules] of rules) {
      const group = this.#make(cluster, groupName)
      group.members.set(id, { name, rules: itsRules })
      group.asking.add(id)
      this.#join(id, group)
    }
  }

  /** The node is there no more, nor is what it held. */
  forget(nodeId: string) {
    for (const group of this.of(nodeId)) {
      group.held.delete(nodeId)
      group.asking.delete(nodeId)
      this.#leave(nodeId, group)
    }
    this.#ofNode.delete(nodeId)
  }

  /** Ids of all nodes that are in a group. */
  nodes() {
    return [...this.#ofNode.keys()]
  }

  #make(cluster: string, name: string) {
    const key = keyOf(cluster, name)
    const known = this.#groups.get(key)
    if (known) return known
    const group: Group = {
      cluster,
      name,
      members: new Map(),
      held: new Map(),
      asking: new Set(),
      look: () => look(),
    }
    const look = this.#lookAt(group)
    this.#groups.set(key, group)
    return group
  }

  #join(nodeId: string, group: Group) {
    this.#ofNode.set(nodeId, (this.#ofNode.get(nodeId) ?? new Set()).add(group))
  }

  #leave(nodeId: string, group: Group) {
    group.members.delete(nodeId)
    if (!group.held.has(nodeId) && !group.asking.has(nodeId)) this.#ofNode.get(nodeId)?.delete(group)
    if (group.members.size + group.held.size + group.asking.size === 0)
      this.#groups.delete(keyOf(group.cluster, group.name))
  }
}

function keyOf(cluster: string, name: string) {
  return JSON.stringify([cluster, name])
}

function rulesIn({ resources }: Catalog) {
  const rules = new Map<string, Rule[]>()
  for (const { type, name, lease } of resources) {
    if (!lease) continue
    const rule: Rule = { ...lease, id: `${type}[${name}]` }
    rules.set(lease.group, [...(rules.get(lease.group) ?? []), rule])
  }
  return rules
}
