import type { ListedNode } from '../protocol/views.ts'

interface Group {
  hosts: string[]
}

/**
 * What Ansible reads of a program that tells it its hosts: `role_web`, `cluster_blue`, and what is known of each. A node that
 * waits to be approved is not in it: nobody has said yet that it is one of ours.
 */
export function inventoryOf(nodes: ListedNode[]) {
  const hosts = nodes.filter(({ awaitsApproval }) => !awaitsApproval)
  const groups: Record<string, Group> = {}
  const add = (group: string, host: string) => (groups[groupName(group)] ??= { hosts: [] }).hosts.push(host)
  for (const { name, cluster, roles } of hosts) {
    add(`cluster_${cluster}`, name)
    for (const role of roles) add(`role_${role}`, name)
  }
  return {
    _meta: { hostvars: Object.fromEntries(hosts.map((node) => [node.name, variablesOf(node)])) },
    // Also those that are in no role.
    all: { hosts: hosts.map(({ name }) => name), children: Object.keys(groups) },
    ...groups,
  }
}

/** Ansible takes letters, digits and underscores. */
function groupName(text: string) {
  return text.replaceAll(/\W/g, '_')
}

function variablesOf({ name, cluster, roles, address, state, connected, facts, attributes }: ListedNode) {
  return {
    ...(address !== null && { ansible_host: address }),
    trivet_node: name,
    trivet_cluster: cluster,
    trivet_roles: roles,
    trivet_state: state,
    trivet_connected: connected,
    ...(facts && { trivet_facts: facts }),
    ...(attributes && { trivet_attributes: attributes }),
  }
}
