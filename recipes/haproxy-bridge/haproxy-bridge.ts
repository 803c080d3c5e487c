import { defineRecipe, type RecipeContext } from 'trivet/recipe'
import { z } from 'zod'

const Port = z.int().min(1).max(65535)
const etc = '/etc/trivet-bridge'
const state = '/var/lib/trivet-bridge'
const hostsDir = `${state}/hosts`
const user = 'trivet-bridge'

const Attributes = z.strictObject({
  mode: z
    .enum(['cluster', 'host'])
    .default('cluster')
    .describe(
      'cluster: all tasks of the cluster, on their service ports. host: the tasks of this node alone, on the front port.',
    ),
  marathons: z
    .array(z.url({ protocol: /^https?$/ }))
    .default([])
    .describe('Where Marathon answers. Without any, the nodes of marathonRole on marathonPort.'),
  marathonRole: z.string().default('marathon').describe('The role whose nodes run Marathon.'),
  marathonPort: Port.default(8080).describe('The port on which they answer.'),
  marathonProbe: z
    .templateLiteral(['probe[', z.string().min(1), ']'])
    .default('probe[marathon]')
    .describe('What must be well on one of them before the bridge is started.'),
  groups: z
    .array(z.string())
    .default([])
    .describe('Only apps with one of these in HAPROXY_GROUP; without any, all apps, as the bridge of 2014.'),
  names: z
    .array(z.string())
    .default([])
    .describe(
      'What Marathon may call this node, beside its name, host name and address: what mesos-slave has as hostname.',
    ),
  frontPort: Port.default(80).describe('Where HTTP is spread by Host and path, and where /_bridge/health is.'),
  frontApp: z.string().optional().describe('The app that has what no label leads elsewhere, such as /shop/web.'),
  offerRange: z
    .tuple([Port, Port])
    .default([31000, 32000])
    .describe('The ports that mesos-slave offers to tasks: no service port may lie there.'),
  reservedPorts: z
    .array(Port)
    .default([22, 53, 2181, 2888, 3888, 5050, 5051, 8080, 8300, 8301, 8302, 8500, 8600, 9100])
    .describe('Ports that no app may have, as the nodes have them for something else.'),
  drainSeconds: z.int().min(0).default(30).describe('How long a task that leaves may go on with what it has begun.'),
  pollSeconds: z.int().min(1).default(60).describe('All is read again after so long, whatever the events say.'),
  maxConnections: z.int().min(1).default(4000).describe('Connections of clients at the same time.'),
  hardStopAfterSeconds: z.int().min(1).default(300).describe('How long connections of before a reload may go on.'),
  idleSeconds: z.int().min(1).default(50).describe('How long a client or a task may say nothing.'),
  checkEveryMs: z.int().min(200).default(2000).describe('Between two checks of a task by HAProxy.'),
  statsAddress: z.ipv4().default('127.0.0.1').describe("Where HAProxy's own statistics and metrics are."),
  statsPort: Port.default(9090).describe('Their port.'),
  statusAddress: z
    .ipv4()
    .default('127.0.0.1')
    .describe('Where /status and /metrics of the bridge are: the private address lets prometheus in.'),
  statusPort: Port.default(9094).describe('Their port.'),
  appNames: z
    .boolean()
    .default(false)
    .describe(
      'Whether recipe dnsmasq on this node, which stands before, answers for apps: web.shop.ZONE is /shop/web.',
    ),
  taskNames: z.boolean().default(false).describe('Whether it also answers where their tasks are: tasks.web.shop.ZONE.'),
  consul: z
    .boolean()
    .default(false)
    .describe(
      "Whether this node's tasks are told to its Consul agent, and only those that Consul finds well are served.",
    ),
})
type Context = RecipeContext<z.infer<typeof Attributes>>

export default defineRecipe({
  description: 'HAProxy for the apps of Marathon, kept as Marathon says by a bridge on the node itself.',
  attributes: Attributes,

  declare(context) {
    const { attributes, file, pkg, probe, service, systemd_unit, template, user: account } = context
    account(user, { system: true, home: state, shell: '/usr/sbin/nologin', comment: 'Trivet bridge' })
    declareHaproxy(context)
    if (attributes.appNames) declareNames(context)

    file(`${etc}/bridge.json`, {
      content: `${JSON.stringify(configuration(context), null, 2)}\n`,
      mode: '0644',
      owner: 'root',
      group: 'root',
      verify: ['/usr/lib/trivet/current/trivet-agent', 'bridge', '--check', '--config', '{}'],
      notifies: { restart: 'service[trivet-bridge]' },
    })
    systemd_unit('trivet-bridge.service', {
      content: template('trivet-bridge.service.njk', { user, state, config: `${etc}/bridge.json` }),
      notifies: { restart: 'service[trivet-bridge]' },
    })
    // The bridge checks candidates and is answered by systemd-notify; the unit of haproxy reloads by kill.
    pkg('procps', { recommends: false })
    pkg('haproxy', { recommends: false })
    service('haproxy', { running: true, enabled: true })
    if (attributes.marathons.length === 0)
      context.gate('marathon answers, for haproxy-bridge', {
        role: attributes.marathonRole,
        probe: attributes.marathonProbe,
      })
    service('trivet-bridge', { running: true, enabled: true })
    const address = attributes.statusAddress === '0.0.0.0' ? '127.0.0.1' : attributes.statusAddress
    probe('haproxy-bridge', {
      http: { url: `http://${address}:${attributes.statusPort}/health` },
      withinMs: 120_000,
    })
  },
})

/** The bridge owns haproxy.cfg, and speaks with HAProxy through both its sockets, as a user of its own. */
function declareHaproxy({ directory, file }: Context) {
  directory('/etc/haproxy', { mode: '0775', owner: 'root', group: user })
  directory(etc, { mode: '0755', owner: 'root', group: 'root' })
  directory('/etc/systemd/system/haproxy.service.d', { mode: '0755', owner: 'root', group: 'root' })
  // Before the package, which starts it: dpkg keeps the file.
  file('/etc/default/haproxy', {
    content: `# Managed by Trivet, recipe haproxy-bridge.\nEXTRAOPTS="-S /run/haproxy-master.sock,mode,660,group,${user}"\n`,
    mode: '0644',
    owner: 'root',
    group: 'root',
    notifies: { restart: 'service[haproxy]' },
  })
  file('/etc/systemd/system/haproxy.service.d/trivet-bridge.conf', {
    content:
      '# Managed by Trivet, recipe haproxy-bridge.\n[Unit]\nStartLimitIntervalSec=0\n\n[Service]\nRestart=always\nRestartSec=500ms\n',
    mode: '0644',
    owner: 'root',
    group: 'root',
    notifies: { restart: 'service[haproxy]' },
  })
}

/** A directory of the bridge's own, as that of recipe dnsmasq is root's. */
function declareNames({ directory, file }: Context) {
  directory(state, { mode: '0755', owner: user, group: user })
  directory(hostsDir, { mode: '0755', owner: user, group: user })
  file('/etc/dnsmasq.d/trivet-bridge.conf', {
    content: `# Managed by Trivet, recipe haproxy-bridge.\nhostsdir=${hostsDir}\n`,
    mode: '0644',
    owner: 'root',
    group: 'root',
    notifies: { restart: 'service[dnsmasq]' },
  })
}

function configuration(context: Context) {
  const { attributes, attributesOf, cluster, node } = context
  const { marathons, marathonRole, marathonPort } = attributes
  const found = () =>
    cluster.withRole(marathonRole, { atLeast: 1 }).map(({ address }) => `http://${address}:${marathonPort}`)
  const { frontApp, taskNames: taskRecords } = attributes
  return {
    node: {
      address: node.address,
      names: [...new Set([node.name, node.facts.hostname, ...attributes.names])].filter((name) => name !== ''),
    },
    marathons: marathons.length > 0 ? marathons : found(),
    mode: attributes.mode,
    groups: attributes.groups,
    frontPort: attributes.frontPort,
    ...(frontApp === undefined ? {} : { frontApp }),
    offerRange: attributes.offerRange,
    reservedPorts: attributes.reservedPorts,
    drainSeconds: attributes.drainSeconds,
    pollSeconds: attributes.pollSeconds,
    haproxy: {
      user: 'haproxy',
      chroot: '/var/lib/haproxy',
      socketGroup: user,
      stateFile: `${state}/servers.state`,
      maxConnections: attributes.maxConnections,
      hardStopAfterSeconds: attributes.hardStopAfterSeconds,
      idleSeconds: attributes.idleSeconds,
      checkEveryMs: attributes.checkEveryMs,
      stats: { address: attributes.statsAddress, port: attributes.statsPort },
    },
    status: { address: attributes.statusAddress, port: attributes.statusPort },
    ...(attributes.appNames ? { dnsmasq: { hostsDir, zone: zoneOf(attributesOf('dnsmasq')), taskRecords } } : {}),
    ...(attributes.consul ? { consul: {} } : {}),
  }
}

function zoneOf(dnsmasq: unknown) {
  return z.object({ zone: z.string() }).parse(dnsmasq).zone
}
