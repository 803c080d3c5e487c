import type { Node } from './store.ts'
import type { By } from './who.ts'

/** An instance of EC2, as its identity document names it. */
export interface AttestedInstance {
  id: string
  account: string
  region: string
}

export type AttestedEnrolling =
  | { status: 'enrolled'; node: Node; again: boolean }
  | { status: 'instance-used' | 'name-taken' | 'key-taken' | 'key-revoked' }

export interface AttestedStore {
  /** Makes the node that the instance becomes, once for each instance. The same key, name and instance again gives the same node; another key is refused, with an audit row. */
  enrolAttested(
    instance: AttestedInstance,
    node: Pick<Node, 'id' | 'name' | 'key' | 'cluster'> & { roles: string[] },
    by: By,
  ): Promise<AttestedEnrolling>
  /** Of nodes that are not revoked. */
  listAttested(): Promise<{ instance: AttestedInstance; node: Node }[]>
}
