import { defineRecipe, type Peer, type RecipeContext } from 'trivet/recipe'
import { z } from 'zod'
import { ensembleOf, mostAtOnce, namesOf, standsStill } from './ensemble.ts'

const home = '/etc/zookeeper/conf_trivet'
const dataDir = '/var/lib/zookeeper'
const port = z.int().min(1).max(65535)

// Strict, as zoo.cfg is not: there a typo silently becomes a property of Java.
const Attributes = z.strictObject({
  role: z.string().default('zookeeper').describe('The role whose nodes are the ensemble.'),
  ensembleSize: z
    .int()
    .min(1)
    .max(255)
    .default(3)
    .describe(
      'How many nodes make the ensemble: those with the lowest numbers, and none starts before so many have joined. Further ones are spare. An odd number: an even one bears no more losses. Grow and shrink it one by one.',
    ),
  tickTime: z
    .int()
    .min(100)
    .default(2000)
    .describe('One tick in milliseconds; sessions time out after 2 to 20 of them.'),
  initLimit: z.int().min(1).default(10).describe('Ticks that a follower may take to connect and catch up.'),
  syncLimit: z.int().min(1).default(5).describe('Ticks that a follower may lag behind.'),
  clientPort: port.default(2181).describe('The port for clients.'),
  followerPort: port.default(2888).describe('The port on which the leader hears its followers.'),
  electionPort: port.default(3888).describe('The port on which leaders are elected.'),
  maxClientCnxns: z.int().min(0).default(60).describe('Connections from one address; 0 means any number.'),
  snapRetainCount: z.int().min(3).default(3).describe('How many snapshots are kept.'),
  purgeInterval: z.int().min(1).default(24).describe('Hours between two purges of old snapshots and logs.'),
  heapMb: z.int().min(64).default(512).describe('The most memory for the heap of Java, in MiB.'),
  logLevel: z.enum(['error', 'warn', 'info', 'debug', 'trace']).default('info').describe('What goes to the journal.'),
  quorumWithinMs: z
    .int()
    .min(1000)
    .default(180_000)
    .describe('How long a run waits for the ensemble to serve: the other nodes may still be installing Java.'),
})

export default defineRecipe({
  description:
    'A member of a ZooKeeper ensemble: the first nodes of role zookeeper in the cluster, as many as its size.',

  attributes: Attributes,

  declare(context) {
    const { attributes, cluster, node } = context
    const { role, ensembleSize } = attributes
    const { members, spares } = ensembleOf(cluster.withRole(role, { atLeast: ensembleSize }), ensembleSize)
    const useOurs = { run: 'exec[use conf_trivet as /etc/zookeeper/conf]' } as const
    const restart = { notifies: { restart: 'service[zookeeper]' } } as const

    if (spares.some(({ name }) => name === node.name)) return declareSpare(context)

    // Not zookeeperd: all it adds is a SysV script, whose unit stays active after Java has died.
    context.pkg('zookeeper', { recommends: false, notifies: { ...useOurs, ...restart.notifies } })

    // Who leaves an ensemble has stopped before the others forget him: what the old majority can still decide is then with those that stay.
    if (spares.length > 0)
      context.gate(`zookeeper stands still on ${namesOf(spares)}`, {
        role,
        probe: 'probe[zookeeper stands still]',
        atLeast: spares.length,
      })
    declareConfiguration(context, members)

    // Who is new starts first, without a lease, and follows the old ensemble, which lets him follow without a vote. The others wait for
    // their leases until he is well, since a server that knows of one more finds no majority before.
    context.service('zookeeper', {
      running: true,
      enabled: true,
      lease: {
        group: 'zookeeper',
        max: mostAtOnce(ensembleSize),
        until: 'probe[zookeeper]',
        last: { tcp: { port: attributes.clientPort, send: 'srvr\n', expect: '^Mode: leader$' } },
      },
    })

    // Not ruok: that is answered without a quorum too. srvr names a mode only when the ensemble serves.
    context.probe('zookeeper', {
      tcp: { port: attributes.clientPort, send: 'srvr\n', expect: '^Mode: (leader|follower|standalone)$' },
      withinMs: attributes.quorumWithinMs,
    })
  },
})

type Context = RecipeContext<z.infer<typeof Attributes>>

/** It may have been a member: it stops when all others are well, so that they can do without. */
function declareSpare({ attributes, node, gate, pkg, probe, service }: Context) {
  const { role, ensembleSize } = attributes
  pkg('zookeeper', { recommends: false })
  gate(`zookeeper is well without ${node.name}`, { role, probe: 'probe[zookeeper]', atLeast: ensembleSize })
  service('zookeeper', { running: false, enabled: false })
  probe('zookeeper stands still', standsStill('zookeeper'))
}

function declareConfiguration(context: Context, servers: Peer[]) {
  const { attributes, cluster, directory, exec, file, source, systemd_unit, template } = context
  const restart = { notifies: { restart: 'service[zookeeper]' } } as const
  const ours = { owner: 'root', group: 'root' } as const
  // Read without trimming blanks, so the bare number and one line break.
  const myid = `${cluster.ordinal(attributes.role)}\n`

  // A directory of our own, as /etc/zookeeper/conf leads to conffiles of the package.
  const useOurs = { run: 'exec[use conf_trivet as /etc/zookeeper/conf]' } as const
  directory(home, { mode: '0755', ...ours, notifies: useOurs })
  file(`${home}/overlap.awk`, { content: source('overlap.awk'), mode: '0644', ...ours })
  // Also between the program that verifies and what it verifies, as neighbours are made side by side.
  exec('use conf_trivet as /etc/zookeeper/conf', {
    argv: ['update-alternatives', '--install', '/etc/zookeeper/conf', 'zookeeper-conf', home, '50'],
    refreshOnly: true,
  })
  for (const name of ['zoo.cfg', 'environment', 'simplelogger.properties']) {
    const content = template(`${name}.njk`, { ...attributes, ...sessionTimeouts(attributes), servers, dataDir, home })
    const verify = ['awk', '-v', `current=${home}/zoo.cfg`, '-f', `${home}/overlap.awk`, '{}']
    file(`${home}/${name}`, { content, mode: '0644', ...ours, ...(name === 'zoo.cfg' ? { verify } : {}), ...restart })
  }

  // The package's myid is a link to /etc/zookeeper/conf/myid, which dpkg lays anew with each upgrade. It then finds the
  // same number there, and zkCli.sh and zkServer.sh find this configuration.
  file(`${home}/myid`, { content: myid, mode: '0644', ...ours })
  directory(dataDir, { mode: '0750', owner: 'zookeeper', group: 'zookeeper' })
  file(`${dataDir}/myid`, { content: myid, mode: '0644', ...ours, ...restart })
  systemd_unit('zookeeper.service', { content: template('zookeeper.service.njk', { home, dataDir }), ...restart })
}

/** Mesos and Marathon ask for sessions of ten seconds, and get them at any length of a tick. */
function sessionTimeouts({ tickTime }: { tickTime: number }) {
  return {
    minSessionTimeout: Math.min(2 * tickTime, 10_000),
    maxSessionTimeout: Math.max(20 * tickTime, 10_000),
  }
}
