import { defineRecipe, type RecipeContext } from 'trivet/recipe'
import { z } from 'zod'

const Attributes = z.strictObject({
  serverRole: z.string().default('log-server').describe('The role whose nodes keep the logs of all; each has all.'),
  clientRole: z
    .string()
    .default('log-client')
    .describe('The role whose nodes the servers listen to. What others send is thrown away.'),
  port: z.int().min(1).max(65535).default(2514).describe('The port for RELP, on the private address of a server.'),
  keepDays: z.int().min(1).default(14).describe('How many days of logs a server keeps.'),
  mostDiskMb: z.int().min(1).default(1024).describe('How much a node keeps for a server that is away, in MiB.'),
})
type Context = RecipeContext<z.output<typeof Attributes>>

// rsyslogd is not there before its package is. `$1`, as the path of the candidate is no part of the script.
const verify = [
  'sh',
  '-c',
  '[ ! -x /usr/sbin/rsyslogd ] || exec /usr/sbin/rsyslogd -N1 -f "$1"',
  'verify',
  '{}',
] as const
const restart = { notifies: { restart: 'service[rsyslog]' } } as const

export default defineRecipe({
  description: 'Logs of all nodes on the log servers, a file for each in /var/log/cluster, by RELP.',

  attributes: Attributes,

  declare(context) {
    const { attributes, node, cluster, directory, file, pkg, probe, service } = context
    const servers = cluster.withRole(attributes.serverRole, { atLeast: 1 })
    const isServer = servers.some(({ name }) => name === node.name)

    // Debian has it so already, others do not.
    directory('/etc/systemd/journald.conf.d', { mode: '0755' })
    file('/etc/systemd/journald.conf.d/trivet-logs.conf', {
      content: '# Managed by Trivet, recipe logs.\n[Journal]\nForwardToSyslog=yes\n',
      mode: '0644',
      notifies: { restart: 'service[systemd-journald]' },
    })
    service('systemd-journald', { running: true })

    // Before the package, which starts it as it is installed.
    directory('/etc/rsyslog.d', { mode: '0755' })
    if (isServer) declareServer(context)
    declareClient(context, servers)
    for (const name of ['rsyslog', 'rsyslog-relp']) pkg(name, { recommends: false })
    service('rsyslog', { running: true, enabled: true })
    if (isServer) probe('log-server', { tcp: { host: node.address, port: attributes.port } })
  },
})

function declareServer({ attributes, node, cluster, directory, file, pkg, template }: Context) {
  const clients = cluster.withRole(attributes.clientRole).filter(({ name }) => name !== node.name)
  directory('/var/log/cluster', { mode: '0750', owner: 'root', group: 'adm' })
  file('/etc/rsyslog.d/20-trivet-server.conf', {
    content: template('server.conf.njk', { ...attributes, clients, node }),
    mode: '0644',
    verify: [...verify],
    ...restart,
  })
  pkg('logrotate', { recommends: false })
  file('/etc/logrotate.d/trivet-logs', {
    content: template('logrotate.njk', attributes),
    mode: '0644',
    owner: 'root',
    verify: ['logrotate', '--debug', '{}'],
  })
}

type Peers = ReturnType<Context['cluster']['withRole']>

function declareClient({ attributes, node, file, template }: Context, servers: Peers) {
  const others = servers.filter(({ name }) => name !== node.name)
  file('/etc/rsyslog.d/30-trivet-client.conf', {
    ensure: others.length > 0 ? 'present' : 'absent',
    ...(others.length > 0 && {
      content: template('client.conf.njk', { ...attributes, servers: others }),
      mode: '0644',
      verify: [...verify],
    }),
    ...restart,
  })
}
