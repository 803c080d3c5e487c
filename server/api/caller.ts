import { Access, type Clusters } from '../../protocol/views.ts'
import type { ApiToken, By, User } from '../store/who.ts'
import { ApiFault } from './fault.ts'

/** Who asks, what they may do and where, and what a write of theirs is signed with. */
export interface Caller {
  user: User
  /** What it is called with; null where somebody signed in by the identity provider. */
  token: ApiToken | null
  /** The address that the call comes from. */
  from: string
  /** The least of what the user and the token may. */
  access: Access
  /** Those that both the user and the token are for; none at all where there is no such. */
  clusters: Clusters
  by: By
  sees: (cluster: string) => boolean
  /** For writes: refuses a cluster that the caller is not for. */
  requireCluster: (cluster: string) => void
  /** For what is of no cluster, or of all. */
  requireAllClusters: () => void
}

export function callerOf(user: User, token: ApiToken | null, from: string, at: number): Caller {
  const access = token ? lesser(user.access, token.access) : user.access
  const clusters = token ? common(user.clusters, token.clusters) : user.clusters
  const sees = (cluster: string) => clusters === 'all' || clusters.includes(cluster)
  const of = clusters === 'all' ? 'all clusters' : `the clusters ${clusters.join(', ') || '(none)'}`
  const refusal = (what: string) =>
    new ApiFault('not-your-cluster', `${user.name} is for ${of}; this is ${what}. Ask an admin for such a token.`)
  return {
    user,
    token,
    from,
    access,
    clusters,
    by: { author: user.name, at, from, ...(token ? { token: token.id } : {}) },
    sees,
    requireCluster: (cluster) => {
      if (!sees(cluster)) throw refusal(`of the cluster ${cluster}`)
    },
    requireAllClusters: () => {
      if (clusters !== 'all') throw refusal('of all clusters')
    },
  }
}

/** Each access includes those before it. */
export function includesAccess(access: Access, needed: Access) {
  const ranks = Access.options
  return ranks.indexOf(access) >= ranks.indexOf(needed)
}

export function lesser(one: Access, other: Access) {
  return includesAccess(one, other) ? other : one
}

export function common(one: Clusters, other: Clusters): Clusters {
  if (one === 'all') return other
  return other === 'all' ? one : one.filter((cluster) => other.includes(cluster))
}

/** Whether all of the others are among them. */
export function includesClusters(clusters: Clusters, others: Clusters) {
  return clusters === 'all' || (others !== 'all' && others.every((cluster) => clusters.includes(cluster)))
}
