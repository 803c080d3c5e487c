import type { ClusterView, NodeInput, PeerView } from './compile/inputs.ts'
import type { Fleet, FleetNode } from './store/store.ts'

/** What recipes may ask of each cluster, all of one moment. */
export function clusterViews(fleet: Fleet) {
  const views = new Map<string, ClusterView>()
  return (cluster: string) => {
    const view =
      views.get(cluster) ?? viewOf(fleet.nodes.filter((node) => node.cluster === cluster && !node.awaitsApproval))
    views.set(cluster, view)
    return view
  }
}

function viewOf(nodes: FleetNode[]): ClusterView {
  const byName = new Map(nodes.map((node) => [node.name, node]))
  const answers = new Map<string, PeerView[]>()
  return {
    withRole(role) {
      const known = answers.get(role)
      if (known) return known
      const answer = nodes.filter(({ roles }) => roles.includes(role)).flatMap((node) => peerOf(node, role))
      answers.set(role, answer)
      return answer
    },
    ordinal: (node, role) => byName.get(node)?.ordinals[role] ?? null,
  }
}

function peerOf({ name, roles, facts, ordinals }: FleetNode, role: string): PeerView[] {
  return facts ? [{ name, address: facts.address, roles, facts, ordinal: ordinals[role] ?? null }] : []
}

export function inputOf({ name, cluster, roles, facts, attributes }: FleetNode, { clusters }: Fleet): NodeInput {
  return { name, cluster, roles, facts, attributes, clusterAttributes: clusters[cluster] ?? {} }
}
