import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseClusterFile } from '../../../launcher/cluster-file.ts'
import { permissionOf, presentIn, sayOpening, wantedOf, without } from '../../../launcher/ec2/rules.ts'

function wanted(rules: string) {
  const { groups } = parseClusterFile(
    `cluster: c\ngroups: { web: { count: 1, image: ami-0123456789abcdef0, instanceTypes: [t3.small], securityRules: ${rules} } }`,
    'c.yaml',
  )
  assert(groups['web'])
  return wantedOf(groups['web'], (group) => `sg-${group}`)
}

test('what EC2 keeps of a rule is what was wanted, so nothing is opened or closed again', () => {
  const all = wanted(
    '[{ ports: 22, from: anywhere }, { ports: [1, 9], protocol: udp, from: 203.0.113.9/24 }, { ports: 8, protocol: icmp, from: { group: web } }, { ports: 443, from: "2001:DB8:0::/32" }]',
  )
  const kept = presentIn({ IpPermissions: all.map(permissionOf) })
  assert.deepEqual([without(all, kept), without(kept, all)], [[], []])
  assert.deepEqual(
    all.map((one) => sayOpening(one, (id) => id)),
    [
      'tcp 22 from 0.0.0.0/0',
      'tcp 22 from ::/0',
      'udp 1 to 9 from 203.0.113.0/24',
      'icmp 8 from sg-web',
      'tcp 443 from 2001:db8::/32',
    ],
  )
})

test('a network is what its prefix leaves of the address, as EC2 keeps it', () => {
  const kept = {
    '203.0.113.9/24': '203.0.113.0/24',
    '10.255.255.255/9': '10.128.0.0/9',
    '203.0.113.9/32': '203.0.113.9/32',
    '203.0.113.9/0': '0.0.0.0/0',
    '2001:db8::1/32': '2001:db8::/32',
    '2001:DB8:0:ff::1/60': '2001:db8:0:f0::/60',
    '2001:db8::1/128': '2001:db8::1/128',
    '::ffff:192.0.2.1/120': '::ffff:c000:200/120',
    '2001:db8::1/0': '::/0',
  }
  for (const [written, network] of Object.entries(kept)) {
    const [opening] = wanted(`[{ ports: 22, from: "${written}" }]`)
    assert(opening)
    assert.deepEqual(Object.values(opening.source), [network], written)
  }
})

test('what others opened beside is found, whatever it is', () => {
  const present = presentIn({
    IpPermissions: [
      { IpProtocol: '-1', UserIdGroupPairs: [{ GroupId: 'sg-other' }] },
      { IpProtocol: 'tcp', FromPort: 1, ToPort: 1, PrefixListIds: [{ PrefixListId: 'pl-1' }] },
    ],
  })
  assert.deepEqual(
    without(present, wanted('[]')).map((one) => sayOpening(one, () => 'other')),
    ['anything from other', 'tcp 1 from pl-1'],
  )
})
