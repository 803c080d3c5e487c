import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { ClusterFileError, clusterFileSchema, parseClusterFile } from '../../launcher/cluster-file.ts'

const examples = join(import.meta.dirname, '../../docs/examples/clusters')

const group = (more = '') =>
  `cluster: c\ngroups:\n  web:\n    count: 1\n    image: ami-0123456789abcdef0\n    instanceTypes: [t3.small]\n${more}`

function refusal(text: string) {
  try {
    parseClusterFile(text, 'c.yaml')
  } catch (error) {
    assert(error instanceof ClusterFileError)
    return error.message
  }
  return assert.fail('it was taken')
}

for (const name of readdirSync(examples)) {
  test(`the example ${name} is a cluster file`, () => {
    parseClusterFile(readFileSync(join(examples, name), 'utf8'), name)
  })
}

test('a group has what the defaults say, unless it says otherwise itself', () => {
  const text =
    'cluster: c\ndefaults: { image: ami-0123456789abcdef0, instanceTypes: [t3.small] }\ngroups: { a: { count: 1 }, b: { count: 2, instanceTypes: [m5.large] } }'
  const { groups } = parseClusterFile(text, 'c.yaml')
  assert.deepEqual([groups['a']?.instanceTypes, groups['b']?.instanceTypes], [['t3.small'], ['m5.large']])
  assert.deepEqual(
    [groups['a']?.publicAddress, groups['a']?.securityRules, groups['a']?.market],
    ['none', [], 'on-demand'],
  )
})

test('what is wrong is told with its place', () => {
  assert.equal(
    refusal(group('    cuont: 2\n    from: 3')),
    'c.yaml:7: groups.web: has cuont, which there is not. Did you mean count?\nc.yaml:8: groups.web: has from, which there is not',
  )
  assert.match(refusal('cluster: c\ngroups: {}'), /^c\.yaml:2: groups: a cluster needs a group$/)
  assert.match(refusal('cluster: [\n'), /^c\.yaml: .* at line 2/)
  assert.match(refusal('cluster: c\ngroups:\n  web:\n    count: 1\n'), /^c\.yaml:3: groups\.web\.image: is missing/m)
  assert.match(
    refusal(group('    securityRules: [{ ports: 22, from: { group: wbe } }]')),
    /groups\.web\.securityRules\.0\.from: there is no group wbe/,
  )
  assert.match(refusal(group('    spread: true\n    market: spot')), /groups\.web\.market: a quorum is not for spot/)
  assert.match(
    refusal(group('    isProtected: true\n    market: spot')),
    /groups\.web\.isProtected: EC2 takes spot nodes when it wants them/,
  )
  assert.match(
    refusal(group().replace('ami-0123456789abcdef0', '{ ssm: /ours/image }')),
    /groups\.web\.image.*\/aws\/service\//,
  )
  assert.match(
    refusal(group('    tags: { "trivet:cluster": other }')),
    /groups\.web\.tags: Name, and tags that begin with aws: or trivet:/,
  )
})

test('what is wrong in the defaults is told once, and where it stands', () => {
  const text =
    'cluster: c\ndefaults:\n  instanceTypes: [t3.small]\n  image: { owner: me, name: x }\ngroups:\n  a: { count: 1 }\n  b: { count: many }'
  assert.deepEqual(refusal(text).split('\n'), [
    'c.yaml:4: defaults.image.owner: must be an account of twelve digits, amazon or self, not "me"',
    'c.yaml:7: groups.b.count: must be a number, not "many"',
  ])
  assert.equal(
    refusal('cluster: c\ndefaults: 3\ngroups: {}').split('\n')[0],
    'c.yaml:2: defaults: must be an object, as a group is, not the number 3',
  )
})

test('of what may be written in several ways, all are told', () => {
  assert.match(
    refusal(group().replace('ami-0123456789abcdef0', '{ id: ami-1 }')),
    /c\.yaml:5: groups\.web\.image: must be ami-…, \{ ssm: /,
  )
  assert.match(
    refusal(group('    securityRules: [{ ports: 22-80, from: any }]')),
    /such as \[8000, 8100\], not "22-80"[^]*or anywhere, not "any"/,
  )
  assert.equal(refusal(''), 'c.yaml is empty. A cluster file begins with cluster: NAME.')
  assert.match(
    refusal('cluster: c\ndefaults: {}\ngroup: {}'),
    /^c\.yaml:1: groups: is missing.*\nc\.yaml:3: has group, which there is not\. Did you mean groups\?$/,
  )
})

test('what EC2 would refuse is refused at once: a device twice, ports the wrong way round', () => {
  assert.match(
    refusal(group('    volumes: [{ device: root, sizeGiB: 8 }, { device: root, sizeGiB: 9 }]')),
    /groups\.web\.volumes: has a device twice/,
  )
  assert.match(
    refusal(group('    securityRules: [{ ports: [9000, 10], from: anywhere }]')),
    /groups\.web\.securityRules\.0\.ports: must go from the lower to the higher port/,
  )
  parseClusterFile(
    `defaults:\n${group('    securityRules: [{ ports: [8, 0], protocol: icmp, from: anywhere }]')}`,
    'c.yaml',
  )
})

test('what only looks like a network is refused', () => {
  for (const from of ['10.0.0.300/8', '10.0.0.0/33', '2001:db8::/129', '1:2/3', '10.0.0.1'])
    assert.match(
      refusal(group(`    securityRules: [{ ports: 22, from: "${from}" }]`)),
      /groups\.web\.securityRules\.0\.from: must be a network such as/,
      from,
    )
})

test('an image by its name alone is refused: anybody may call theirs so', () => {
  assert.match(refusal(group().replace('ami-0123456789abcdef0', '{ name: debian-13-amd64-* }')), /groups\.web\.image/)
})

test('the schema for editors knows each key that there is', () => {
  const schema = JSON.stringify(clusterFileSchema())
  for (const key of ['cluster', 'region', 'defaults', 'groups', 'instanceTypes', 'spread', 'securityRules'])
    assert(schema.includes(`"${key}"`), key)
})

test('an alias of nothing and a name that no node can have are told', () => {
  assert.match(refusal(`${group()}    tags: *nope\n`), /^c\.yaml: .*nope/)
  assert.match(refusal(group().replace('cluster: c', `cluster: ${'c'.repeat(60)}`)), /groups\.web: .*at most 63/)
})
