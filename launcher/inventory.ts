import { stringify } from 'yaml'
import type { ClusterFile } from './cluster-file.ts'
import type { Machine } from './provider.ts'

/** By which the operator reaches it, if it has any yet. */
function addressOf({ publicAddress, privateAddress }: Pick<Machine, 'publicAddress' | 'privateAddress'>) {
  return publicAddress ?? privateAddress
}

/** Nothing while it has no address. */
export function sshArguments(user: string, machine: Machine): string[] {
  const address = addressOf(machine)
  return address === undefined ? [] : ['ssh', `${user}@${address}`]
}

/** The URLs that the file declares for groups, of each node that has an address. */
export function urlsOf({ groups }: ClusterFile, machines: Machine[]) {
  return machines.flatMap((machine) =>
    Object.entries(groups[machine.group]?.urls ?? {}).flatMap(([name, url]) => {
      const address = addressOf(machine)
      return address === undefined ? [] : [{ name, node: machine.node, url: url.replaceAll('{address}', address) }]
    }),
  )
}

export const inventoryFormats = ['ssh', 'ansible', 'hosts'] as const

/** The machines as other programs read them: `Host` blocks of an ssh config, an Ansible inventory (YAML), lines of a hosts file. */
export function inventoryOf(format: (typeof inventoryFormats)[number], file: ClusterFile, machines: Machine[]): string {
  const reachable = machines.filter((machine) => addressOf(machine) !== undefined)
  const userOf = ({ group }: Machine) => file.groups[group]?.sshUser ?? 'root'
  if (format === 'hosts')
    return reachable
      .map(({ node, privateAddress, ...rest }) => `${privateAddress ?? addressOf(rest)} ${node}\n`)
      .join('')
  if (format === 'ssh')
    return reachable
      .map((machine) => `Host ${machine.node}\n  HostName ${addressOf(machine)}\n  User ${userOf(machine)}\n`)
      .join('\n')
  const hostsOf = (group: string) =>
    Object.fromEntries(
      reachable
        .filter((machine) => machine.group === group)
        .map((machine) => [machine.node, { ansible_host: addressOf(machine), ansible_user: userOf(machine) }]),
    )
  const children = Object.keys(file.groups).map((group) => [group.replaceAll(/\W/g, '_'), { hosts: hostsOf(group) }])
  return stringify({ all: { children: Object.fromEntries(children) } })
}
