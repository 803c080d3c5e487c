import { z } from 'zod'

const Port = z.int().min(1).max(65535)
const Ipv4 = z.ipv4()
const Http = z.url({ protocol: /^https?$/ })
const Path = z.string().regex(/^\/\S+$/, 'an absolute path without blanks')
const DnsName = z.string().regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/, 'lower-case letters, digits, dots and dashes')

/** Of the bridge's own part; the rest of haproxy.cfg follows from the apps. */
const Haproxy = z.strictObject({
  configFile: Path.default('/etc/haproxy/haproxy.cfg'),
  program: Path.default('/usr/sbin/haproxy'),
  /** Not that of Debian's file, which haproxy may run with already: a reload hands sockets on as they are, and whose they are too. */
  adminSocket: Path.default('/run/haproxy/bridge.sock'),
  masterSocket: Path.default('/run/haproxy-master.sock'),
  /** Lies there during a reload alone: what the new worker is to know of the health of its servers. */
  stateFile: Path.default('/var/lib/trivet-bridge/servers.state'),
  /** Who may speak with the admin socket, beside root. */
  socketGroup: z.string().default('trivet-bridge'),
  /** The user that workers become, and where they are locked in; without it they stay who they are. */
  user: z.string().optional(),
  chroot: Path.optional(),
  stats: z.strictObject({ address: Ipv4.default('127.0.0.1'), port: Port.default(9090) }).prefault({}),
  maxConnections: z.int().min(1).default(4000),
  hardStopAfterSeconds: z.int().min(1).default(300),
  /** Between two checks of a server; ten times as often while it is on its way down or up. */
  checkEveryMs: z.int().min(200).default(2000),
  /** How long a client or a task may say nothing. */
  idleSeconds: z.int().min(1).default(50),
})

const Dnsmasq = z.strictObject({
  hostsDir: Path,
  /** Under which each app has its name: `web.shop.ZONE` of /shop/web. */
  zone: DnsName,
  /** Also `tasks.NAME`, with the addresses of the hosts where the app's tasks run. */
  taskRecords: z.boolean().default(false),
})

const Consul = z.strictObject({
  url: Http.default('http://127.0.0.1:8500'),
  /** This host's tasks are told to the Consul agent of this host. */
  register: z.boolean().default(true),
  /** Only tasks that Consul finds well are served. */
  render: z.boolean().default(true),
  checkEverySeconds: z.int().min(1).default(5),
})

export const BridgeConfig = z.strictObject({
  node: z.strictObject({
    /** Where clients reach this node, and what names lead to. */
    address: Ipv4,
    /** What Marathon may call this host: its tasks are those of this node. */
    names: z.array(z.string().min(1)).default([]),
  }),
  /** In the order in which they are asked. */
  marathons: z.array(Http).min(1),
  mode: z.enum(['cluster', 'host']).default('cluster'),
  /** Which apps are served, by their HAPROXY_GROUP; without any, or with `*`, all are. */
  groups: z.array(z.string().min(1)).default([]),
  bindAddress: Ipv4.default('0.0.0.0'),
  /** Where HTTP is spread by its Host; also where the health URL is. */
  frontPort: Port.default(80),
  /** The app that has what no Host and path leads elsewhere. In host mode the only app is taken, where there is but one. */
  frontApp: z.string().regex(/^\//, 'the id of an app, such as /shop/web').optional(),
  /** From which Mesos agents give ports to tasks: no service port may lie there. */
  offerRange: z.tuple([Port, Port]).default([31000, 32000]),
  /** Ports that the node has for something else. */
  reservedPorts: z.array(Port).default([]),
  /** How long a task that leaves may go on with what it has begun. */
  drainSeconds: z.int().min(0).default(30),
  /** All is read again after so long, whatever the events say. */
  pollSeconds: z.int().min(1).default(60),
  /** Without events; for comparison. */
  events: z.boolean().default(true),
  haproxy: Haproxy.prefault({}),
  dnsmasq: Dnsmasq.optional(),
  consul: Consul.optional(),
  /** Where /status and /metrics are. */
  status: z.strictObject({ address: Ipv4.default('127.0.0.1'), port: Port.default(9094) }).prefault({}),
})
export type BridgeConfig = z.infer<typeof BridgeConfig>
