import type { AttestedEnrolling, AttestedInstance, AttestedStore } from '../attested.ts'
import type { Node } from '../store.ts'
import type { By } from '../who.ts'
import { type DesiredParts, type MakeNode, nodeOf, type NodeRow } from './nodes.ts'

type Parts = DesiredParts & { makeNode: MakeNode }
type Fresh = Pick<Node, 'id' | 'name' | 'key' | 'cluster'> & { roles: string[] }

export function createAttested(parts: Parts): AttestedStore {
  const { database, write } = parts
  const enrol = enrolling(parts)
  const living = database.prepare<[], NodeRow & { instance: string; account: string; region: string }>(
    `select nodes.*, attested_instances.id as instance, account, region from attested_instances
     join nodes on nodes.id = attested_instances.node where revoked_at is null order by instance`,
  )
  return {
    enrolAttested: (instance, node, by) => write(() => enrol(instance, node, by)),
    listAttested: async () =>
      living.all().map(({ instance: id, account, region, ...row }) => ({
        instance: { id, account, region },
        node: nodeOf(row),
      })),
  }
}

/** All checks and the making are in one transaction: an instance can't become two nodes. */
function enrolling({ database, audit, makeNode }: Parts) {
  const byKey = database.prepare<[string], NodeRow>('select * from nodes where key = ?')
  const byName = database.prepare<[string], NodeRow>('select * from nodes where name = ? and revoked_at is null')
  const use = database.prepare<[string], { node: string }>('select node from attested_instances where id = ?')
  const keep = database.prepare('insert into attested_instances (id, account, region, node) values (?, ?, ?, ?)')

  return (instance: AttestedInstance, node: Fresh, by: By): AttestedEnrolling => {
    const { name, key, cluster } = node
    const known = byKey.get(key)
    const used = use.get(instance.id)
    if (used && used.node !== known?.id) {
      audit(by, {
        action: 'refuse-enrol',
        subject: name,
        cluster,
        after: { instance: instance.id, key, node: used.node },
      })
      return { status: 'instance-used' }
    }
    if (known?.revoked_at != null) return { status: 'key-revoked' }
    if (known && (!used || known.name !== name)) return { status: 'key-taken' }
    if (known) return { status: 'enrolled', node: nodeOf(known), again: true }
    if (byName.get(name)) return { status: 'name-taken' }
    const made = makeNode({ ...node, awaitsApproval: false, token: `instance ${instance.id}` }, by, by.author)
    keep.run(instance.id, instance.account, instance.region, made.id)
    return { status: 'enrolled', node: made, again: false }
  }
}
