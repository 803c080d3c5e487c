import assert from 'node:assert/strict'
import { test } from 'node:test'
import { validateAttribute } from '../../server/compile/attributes.ts'
import { matchesGolden } from '../helpers/golden.ts'
import { bookworm, nodeOf } from '../helpers/sources.ts'
import { catalogOfNode, compileNode, demoNodes, ours } from './ours.ts'

const conf = '/etc/zookeeper/conf_trivet'

/** `zoo.cfg` as a record. */
function settingsOf(catalog: ReturnType<typeof catalogOfNode>) {
  const lines = catalog
    .text(`file[${conf}/zoo.cfg]`)
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
  return Object.fromEntries(lines.map((line) => line.split('=')))
}

const withRoles = (...names: string[]) => names.map((name) => nodeOf(name, ['zookeeper']))

for (const [codename, os] of [
  ['trixie', undefined],
  ['bookworm', bookworm],
] as const) {
  test(`a node of the ensemble on ${codename} is as agreed`, async () => {
    const catalog = catalogOfNode('node-1', { nodes: demoNodes(os) })
    await matchesGolden(
      `test/golden/zookeeper.json`,
      catalog.readable().filter(({ recipe }) => recipe === 'zookeeper'),
    )
  })
}

test('the package is zookeeper and not zookeeperd, whose SysV script stays active after Java has died', () => {
  const catalog = catalogOfNode('node-1')
  assert(catalog.has('pkg[zookeeper]'))
  assert(!catalog.has('pkg[zookeeperd]'))
})

test('the unit is our own: it runs Java itself as user zookeeper and starts it again whatever happened', () => {
  const unit = catalogOfNode('node-1').text('systemd_unit[zookeeper.service]')
  for (const line of [
    'Type=simple',
    'User=zookeeper',
    'Restart=always',
    'RestartSec=2',
    'StartLimitIntervalSec=0',
    'LimitNOFILE=65536',
  ]) {
    assert.match(unit, new RegExp(`^${line}$`, 'm'))
  }
  assert.match(unit, /^ExecStart=\/usr\/bin\/java /m)
  assert.doesNotMatch(unit, /RemainAfterExit|zkServer\.sh/)
})

test('a stop by SIGTERM, which Java answers with 143, is no failure', () => {
  assert.match(catalogOfNode('node-1').text('systemd_unit[zookeeper.service]'), /^SuccessExitStatus=143$/m)
})

test('no file is written through /etc/zookeeper/conf, which leads to conffiles of the package', () => {
  const { ids, get } = catalogOfNode('node-1')
  assert.deepEqual(
    ids.filter((id) => id.startsWith('file[/etc/zookeeper/conf/')),
    [],
  )
  assert.deepEqual(get('exec[use conf_trivet as /etc/zookeeper/conf]').props.argv, [
    'update-alternatives',
    '--install',
    '/etc/zookeeper/conf',
    'zookeeper-conf',
    conf,
    '50',
  ])
})

test('the data lies in /var/lib/zookeeper, not in /tmp as in the example of the package, and only ZooKeeper may enter', () => {
  const catalog = catalogOfNode('node-1')
  assert.equal(settingsOf(catalog).dataDir, '/var/lib/zookeeper')
  const { mode, owner, group } = catalog.get('directory[/var/lib/zookeeper]').props
  assert.deepEqual({ mode, owner, group }, { mode: '0750', owner: 'zookeeper', group: 'zookeeper' })
})

test('AdminServer is off, as it would take port 8080', () => {
  assert.equal(settingsOf(catalogOfNode('node-1'))['admin.enableServer'], 'false')
})

test('the four-letter words that operators and probes need are allowed', () => {
  assert.deepEqual(settingsOf(catalogOfNode('node-1'))['4lw.commands.whitelist']?.split(',').toSorted(), [
    'conf',
    'mntr',
    'ruok',
    'srvr',
    'stat',
  ])
})

test('old snapshots are purged, which they are not by default', () => {
  const settings = settingsOf(catalogOfNode('node-1'))
  assert.equal(settings['autopurge.purgeInterval'], '24')
  assert.equal(settings['autopurge.snapRetainCount'], '3')
})

test('logging has a binding of slf4j on the class path, without which ZooKeeper says nothing', () => {
  const catalog = catalogOfNode('node-1')
  const environment = catalog.text(`file[${conf}/environment]`)
  assert.match(
    environment,
    /^CLASSPATH=\/etc\/zookeeper\/conf_trivet:\/usr\/share\/java\/zookeeper\.jar:\/usr\/share\/java\/slf4j-simple\.jar$/m,
  )
  assert.match(
    catalog.text(`file[${conf}/simplelogger.properties]`),
    /^org\.slf4j\.simpleLogger\.logFile=System\.err$/m,
  )
  assert.match(
    catalog.text('systemd_unit[zookeeper.service]'),
    new RegExp(`^EnvironmentFile=${conf}/environment$`, 'm'),
  )
})

test('myid is the bare number and a line break, as a file in the data directory', () => {
  const catalog = catalogOfNode('node-2')
  assert.equal(catalog.text('file[/var/lib/zookeeper/myid]'), '2\n')
})

test('where dpkg lays its link to /etc/zookeeper/conf/myid anew, the same number is found', () => {
  const catalog = catalogOfNode('node-2')
  assert.equal(catalog.text(`file[${conf}/myid]`), '2\n')
})

test('myid is the stable ordinal and the N of its own server line, not a position in a list', () => {
  const ordinals = { 'node-1': 7, 'node-2': 3, 'node-3': 1 }
  const catalog = catalogOfNode('node-1', { ordinals })
  assert.equal(catalog.text('file[/var/lib/zookeeper/myid]'), '7\n')
  const servers = Object.entries(settingsOf(catalog)).filter(([key]) => key.startsWith('server.'))
  assert.deepEqual(servers, [
    ['server.1', '10.0.0.13:2888:3888'],
    ['server.3', '10.0.0.12:2888:3888'],
    ['server.7', '10.0.0.11:2888:3888'],
  ])
})

test('who joins does not change the numbers of the others', () => {
  const before = catalogOfNode('n1', { nodes: withRoles('n1', 'n2', 'n3'), ordinals: { n1: 1, n2: 2, n3: 3 } })
  const after = catalogOfNode('n1', {
    nodes: withRoles('a0', 'n1', 'n2', 'n3', 'z9'),
    ordinals: { n1: 1, n2: 2, n3: 3, a0: 4, z9: 5 },
    attributes: { 'zookeeper.ensembleSize': 5 },
  })
  assert.equal(after.text('file[/var/lib/zookeeper/myid]'), before.text('file[/var/lib/zookeeper/myid]'))
  const { 'server.4': a0, 'server.5': z9, ...rest } = settingsOf(after)
  assert.deepEqual([a0, z9], ['10.0.0.0:2888:3888', '10.0.0.9:2888:3888'])
  assert.deepEqual(rest, settingsOf(before))
})

test('half an ensemble is never written: with fewer nodes than its size it is pending', () => {
  const nodes = withRoles('n1', 'n2')
  const compiled = compileNode('n1', { nodes })
  assert.equal(
    compiled.status === 'pending' && compiled.reason,
    'role zookeeper: recipe zookeeper needs 3 nodes with role zookeeper in cluster default; there are 2 (n1, n2)',
  )
  assert.equal(
    compileNode('n1', { nodes: withRoles('n1'), attributes: { 'zookeeper.ensembleSize': 1 } }).status,
    'compiled',
  )
})

function timeouts(tickTime: number) {
  const { minSessionTimeout, maxSessionTimeout } = settingsOf(
    catalogOfNode('node-1', { attributes: { 'zookeeper.tickTime': tickTime } }),
  )
  return [minSessionTimeout, maxSessionTimeout]
}

test('sessions of ten seconds, as Mesos and Marathon want them, are given at any tick', () => {
  assert.deepEqual(timeouts(2000), ['4000', '40000'])
  assert.deepEqual(timeouts(8000), ['10000', '160000'])
  assert.deepEqual(timeouts(200), ['400', '10000'])
})

test('the ensemble may be of another role', () => {
  const nodes = ['n1', 'n2', 'n3'].map((name) => nodeOf(name, ['zookeeper', 'base']))
  const catalog = catalogOfNode('n1', { nodes, attributes: { 'zookeeper.role': 'base' } })
  assert.match(catalog.text(`file[${conf}/zoo.cfg]`), /^server\.1=.*\nserver\.2=.*\nserver\.3=/m)
})

test('a node of another role is no member', () => {
  const { 'server.4': fourth } = settingsOf(
    catalogOfNode('node-1', { nodes: [...demoNodes(), nodeOf('web-9', ['web'])] }),
  )
  assert.equal(fourth, undefined)
})

test('zoo.cfg, myid, environment, logging and unit each owe a restart, which a start just made pays', () => {
  const catalog = catalogOfNode('node-1')
  const restarting = [
    `file[${conf}/zoo.cfg]`,
    `file[${conf}/environment]`,
    `file[${conf}/simplelogger.properties]`,
    'file[/var/lib/zookeeper/myid]',
    'systemd_unit[zookeeper.service]',
  ] as const
  for (const id of restarting) catalog.assertNotifies(id, 'restart', 'service[zookeeper]')
  catalog.assertOrder('pkg[zookeeper]', ...restarting, 'service[zookeeper]', 'probe[zookeeper]')
})

test('another version of the package owes a restart too', () => {
  assert.deepEqual(catalogOfNode('node-1').get('pkg[zookeeper]').notifies.at(-1), {
    action: 'restart',
    target: 'service[zookeeper]',
  })
})

test('the service runs and starts with the machine', () => {
  const { running, enabled } = catalogOfNode('node-1').get('service[zookeeper]').props
  assert.deepEqual({ running, enabled }, { running: true, enabled: true })
})

test('health is a mode in the answer to srvr, as ruok is answered without a quorum too', () => {
  const { tcp } = catalogOfNode('node-1', { attributes: { 'zookeeper.clientPort': 2182 } }).get(
    'probe[zookeeper]',
  ).props
  assert.deepEqual(tcp, {
    host: '127.0.0.1',
    port: 2182,
    send: 'srvr\n',
    expect: '^Mode: (leader|follower|standalone)$',
  })
  const said = 'Zookeeper version: 3.9.3\nMode: follower\nNode count: 5\n'
  assert.match(said, new RegExp('^Mode: (leader|follower|standalone)$', 'm'))
})

test('a typo in a setting is refused, which zoo.cfg would take for a property of Java', () => {
  assert.throws(() => validateAttribute(ours, 'zookeeper.tickTme', 2000), /Did you mean zookeeper\.tickTime\?/)
  const compiled = compileNode('node-1', { attributes: { 'zookeeper.tickTme': 2000 } })
  assert.match(
    compiled.status === 'error' ? compiled.reason : '',
    /tickTme: there is no such attribute\. Did you mean zookeeper\.tickTime\? \(set by node node-1\)/,
  )
})

test('every attribute reaches its place', () => {
  const attributes = {
    tickTime: 5000,
    initLimit: 11,
    syncLimit: 6,
    clientPort: 2182,
    maxClientCnxns: 7,
    snapRetainCount: 4,
    purgeInterval: 5,
  }
  const dotted = Object.fromEntries(Object.entries(attributes).map(([key, value]) => [`zookeeper.${key}`, value]))
  const catalog = catalogOfNode('node-1', {
    attributes: {
      ...dotted,
      'zookeeper.heapMb': 96,
      'zookeeper.logLevel': 'warn',
      'zookeeper.followerPort': 1,
      'zookeeper.electionPort': 2,
    },
  })
  const settings = settingsOf(catalog)
  const { snapRetainCount, purgeInterval, ...plain } = attributes
  for (const [key, value] of Object.entries(plain)) assert.equal(settings[key], String(value), key)
  assert.equal(settings['autopurge.snapRetainCount'], String(snapRetainCount))
  assert.equal(settings['autopurge.purgeInterval'], String(purgeInterval))
  assert.equal(settings['server.1'], '10.0.0.11:1:2')
  assert.match(catalog.text(`file[${conf}/environment]`), /-Xmx96m/)
  assert.match(catalog.text(`file[${conf}/simplelogger.properties]`), /defaultLogLevel=warn/)
})
