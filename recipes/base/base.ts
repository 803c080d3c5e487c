import { defineRecipe, type NodeView } from 'trivet/recipe'
import { Attributes, type Context } from './attributes.ts'
import { declareSsh, declareUsers } from './access.ts'
import { declareTime } from './time.ts'
import { declareUpdates } from './updates.ts'

export default defineRecipe({
  description:
    'Names of all nodes of the cluster in /etc/hosts, a message of the day; users, ssh, time, updates, packages and limits of your choice.',

  attributes: Attributes,

  declare(context) {
    const { attributes, node, hostname, pkg, sysctl } = context
    // First, as daemons register with the name that the machine has when they start.
    if (attributes.hostname) hostname(node.name, {})
    declareNames(context)

    for (const name of attributes.packages) pkg(name)
    for (const name of attributes.removed) pkg(name, { ensure: 'purged' })
    declareUsers(context)
    declareSsh(context)
    declareTime(context)
    declareUpdates(context)
    for (const [key, value] of Object.entries(attributes.sysctl)) sysctl(key, { value })
    declareLimits(context)
  },
})

function declareNames({ attributes, node, cluster, file, template }: Context) {
  const others = cluster.withRole('base').filter(({ name }) => name !== node.name)
  const nodes = [node, ...others].map((one) => ({
    address: one.address,
    names: [...new Set([...namesOf(one), ...(attributes.names[one.name] ?? [])])],
  }))
  const further = Object.entries(attributes.hosts).map(([address, names]) => ({ address, names }))

  // Without Debian's `127.0.1.1 HOSTNAME`: what asks for its own name must get an address that others reach too.
  file('/etc/hosts', { content: template('hosts.njk', { lines: [...nodes, ...further] }), mode: '0644' })
  file('/etc/motd', { content: template('motd.njk', { node }), mode: '0644' })
}

/** The name it is known by here, and what it calls itself where that is another. */
function namesOf({ name, facts }: Pick<NodeView, 'name' | 'facts'>) {
  const [short = ''] = facts.hostname.split('.')
  return [name, facts.hostname, short].filter((one) => one !== '')
}

function declareLimits({ attributes: { openFiles }, directory, exec, file }: Context) {
  if (openFiles === undefined) return
  const limits = ['*', 'root'].map((who) => `${who} - nofile ${openFiles}\n`).join('')
  file('/etc/security/limits.d/trivet.conf', { content: `# Managed by Trivet, recipe base.\n${limits}`, mode: '0644' })
  directory('/etc/systemd/system.conf.d', { mode: '0755' })
  file('/etc/systemd/system.conf.d/trivet.conf', {
    content: `# Managed by Trivet, recipe base.\n[Manager]\nDefaultLimitNOFILE=${openFiles}\n`,
    mode: '0644',
    notifies: { run: 'exec[tell systemd of the limits]' },
  })
  // What runs keeps its own; what is started from now on gets the new one.
  exec('tell systemd of the limits', { argv: ['systemctl', 'daemon-reload'], refreshOnly: true })
}
