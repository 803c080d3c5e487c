import { defineRecipe } from 'trivet/recipe'
import { z } from 'zod'

const home = '/etc/zookeeper/conf_trivet'
const dataDir = '/var/lib/zookeeper'
const port = z.int().min(1).max(65535)

export default defineRecipe({
  description: 'A member of a ZooKeeper ensemble: all nodes of role zookeeper in the cluster.',

  // Strict, as zoo.cfg is not: there a typo silently becomes a property of Java.
  attributes: z.strictObject({
    ensembleSize: z
      .int()
      .min(1)
      .default(3)
      .describe(
        'How many nodes must have joined before any of them starts. An odd number: an even one bears no more losses.',
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
  }),

  declare({ attributes, cluster, directory, exec, file, pkg, probe, service, systemd_unit, template }) {
    const members = cluster.withRole('zookeeper', { atLeast: attributes.ensembleSize })
    const servers = members.toSorted((a, b) => a.ordinal - b.ordinal)
    // Read without trimming blanks, so the bare number and one line break.
    const myid = `${cluster.ordinal('zookeeper')}\n`
    const restart = { notifies: { restart: 'service[zookeeper]' } } as const

    // Not zookeeperd: all it adds is a SysV script, whose unit stays active after Java has died.
    const useOurs = { run: 'exec[use conf_trivet as /etc/zookeeper/conf]' } as const
    pkg('zookeeper', { recommends: false, notifies: { ...useOurs, ...restart.notifies } })

    // A directory of our own, as /etc/zookeeper/conf leads to conffiles of the package.
    directory(home, { mode: '0755', owner: 'root', group: 'root', notifies: useOurs })
    for (const name of ['zoo.cfg', 'environment', 'simplelogger.properties']) {
      const content = template(`${name}.njk`, { ...attributes, servers, dataDir, home })
      file(`${home}/${name}`, { content, mode: '0644', owner: 'root', group: 'root', ...restart })
    }

    // The package's myid is a link to /etc/zookeeper/conf/myid, which dpkg lays anew with each upgrade. It then finds the
    // same number there, and zkCli.sh and zkServer.sh find this configuration.
    file(`${home}/myid`, { content: myid, mode: '0644', owner: 'root', group: 'root' })
    exec('use conf_trivet as /etc/zookeeper/conf', {
      argv: ['update-alternatives', '--install', '/etc/zookeeper/conf', 'zookeeper-conf', home, '50'],
      refreshOnly: true,
    })
    directory(dataDir, { mode: '0750', owner: 'zookeeper', group: 'zookeeper' })
    file(`${dataDir}/myid`, { content: myid, mode: '0644', owner: 'root', group: 'root', ...restart })

    systemd_unit('zookeeper.service', { content: template('zookeeper.service.njk', { home, dataDir }), ...restart })
    service('zookeeper', { running: true, enabled: true })

    // Not ruok: that is answered without a quorum too. srvr names a mode only when the ensemble serves.
    probe('zookeeper', {
      tcp: { port: attributes.clientPort, send: 'srvr\n', expect: '^Mode: (leader|follower|standalone)$' },
      withinMs: attributes.quorumWithinMs,
    })
  },
})
