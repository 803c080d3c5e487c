import { isIPv4 } from 'node:net'
import type { IpPermission, SecurityGroup } from '@aws-sdk/client-ec2'
import type { Group } from '../cluster-file.ts'

/** Who may come in at some ports: a network, or what is in a security group. */
export interface Opening {
  protocol: string
  /** -1 stands for all. Of icmp: its type and its code. */
  from: number
  to: number
  source: { ipv4: string } | { ipv6: string } | { securityGroup: string } | { prefixList: string }
}

/** What the file opens; `idOf` gives the security group of a group. */
export function wantedOf({ securityRules }: Group, idOf: (group: string) => string): Opening[] {
  return securityRules.flatMap(({ ports, protocol, from: who }) => {
    const [from, to] = typeof ports === 'number' ? [ports, protocol === 'icmp' ? -1 : ports] : ports
    return sourcesOf(who, idOf).map((source) => ({ protocol, from, to, source }))
  })
}

function sourcesOf(who: Group['securityRules'][number]['from'], idOf: (group: string) => string): Opening['source'][] {
  if (who === 'anywhere') return [{ ipv4: '0.0.0.0/0' }, { ipv6: '::/0' }]
  if (typeof who === 'object') return [{ securityGroup: idOf(who.group) }]
  return [networkOf(who)]
}

/** As EC2 keeps it: without what the prefix cuts off. */
function networkOf(cidr: string): Opening['source'] {
  const [address = '', prefix = ''] = cidr.split('/')
  if (isIPv4(address))
    return { ipv4: `${masked(address.split('.').map(Number), 8, Number(prefix)).join('.')}/${prefix}` }
  const groups = masked(groupsOf(address), 16, Number(prefix))
  return { ipv6: `${shortest(groups.map((group) => group.toString(16)).join(':'))}/${prefix}` }
}

/** Without the bits that come after the first `kept`; each part has `width` of them. */
function masked(parts: number[], width: number, kept: number): number[] {
  return parts.map((part, index) => {
    const size = 2 ** Math.min(Math.max((index + 1) * width - kept, 0), width)
    return part - (part % size)
  })
}

function shortest(address: string) {
  return new URL(`http://[${address}]`).hostname.slice(1, -1)
}

/** The eight of an IPv6 address. */
function groupsOf(address: string): number[] {
  const [head = [], tail = []] = shortest(address)
    .split('::')
    .map((part) => part.split(':').filter(Boolean))
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => '0')
  return [...head, ...zeros, ...tail].map((group) => parseInt(group, 16))
}

/** What a security group lets in now. */
export function presentIn({ IpPermissions = [] }: SecurityGroup): Opening[] {
  return IpPermissions.flatMap(
    ({ IpProtocol: protocol = '-1', FromPort: from = -1, ToPort: to = -1, ...sources }: IpPermission) => {
      const all: Opening['source'][] = [
        ...(sources.IpRanges ?? []).map(({ CidrIp: ipv4 = '' }) => ({ ipv4 })),
        ...(sources.Ipv6Ranges ?? []).map(({ CidrIpv6: ipv6 = '' }) => ({ ipv6 })),
        ...(sources.UserIdGroupPairs ?? []).map(({ GroupId: securityGroup = '' }) => ({ securityGroup })),
        ...(sources.PrefixListIds ?? []).map(({ PrefixListId: prefixList = '' }) => ({ prefixList })),
      ]
      return all.map((source) => ({ protocol, from, to, source }))
    },
  )
}

/** Those of `some` that are not among `others`. */
export function without(some: Opening[], others: Opening[]): Opening[] {
  const keys = new Set(others.map(keyOf))
  return some.filter((one) => !keys.has(keyOf(one)))
}

function keyOf({ protocol, from, to, source }: Opening) {
  return JSON.stringify([protocol, from, to, source])
}

export function permissionOf({ protocol, from, to, source }: Opening): IpPermission {
  return {
    IpProtocol: protocol,
    ...(protocol !== '-1' && { FromPort: from, ToPort: to }),
    ...('ipv4' in source && { IpRanges: [{ CidrIp: source.ipv4 }] }),
    ...('ipv6' in source && { Ipv6Ranges: [{ CidrIpv6: source.ipv6 }] }),
    ...('securityGroup' in source && { UserIdGroupPairs: [{ GroupId: source.securityGroup }] }),
    ...('prefixList' in source && { PrefixListIds: [{ PrefixListId: source.prefixList }] }),
  }
}

/** `tcp 5050 from 203.0.113.0/24`; `nameOf` gives what a security group is called. */
export function sayOpening({ protocol, from, to, source }: Opening, nameOf: (id: string) => string): string {
  const ports = from === to || to === -1 ? String(from) : `${from} to ${to}`
  const what = protocol === '-1' ? 'anything' : from === -1 ? protocol : `${protocol} ${ports}`
  const [who = ''] = Object.values(source)
  return `${what} from ${'securityGroup' in source ? nameOf(source.securityGroup) : who}`
}
