import { defineRecipe } from 'trivet/recipe'
import { z } from 'zod'

const Zone = z.string().regex(/^[a-z0-9-]+(\.[a-z0-9-]+)*$/, 'must be a domain, such as cluster.internal')

// dnsmasq is not there before its package is. `$1`, as the path of the candidate is no part of the script.
const verify = [
  'sh',
  '-c',
  '[ ! -x /usr/sbin/dnsmasq ] || exec /usr/sbin/dnsmasq --test -C "$1"',
  'verify',
  '{}',
] as const

const nodesIn = '/etc/dnsmasq-nodes.d'
const upstreamsOfBefore = '/etc/trivet-upstreams.conf'

export default defineRecipe({
  description:
    'A small DNS server on each node: names of nodes and apps, those of Consul, and all others from upstream.',

  attributes: z.strictObject({
    zone: Zone.default('cluster.internal').describe('The domain of nodes and apps. Unknown names in it do not exist.'),
    nodesRole: z.string().default('base').describe('The role whose nodes have names here.'),
    hostsDir: z
      .string()
      .regex(/^\/\S+$/)
      .default('/etc/dnsmasq-hosts.d')
      .describe('A directory of files as /etc/hosts, for others to write; they are heeded as they come and go.'),
    consul: z.boolean().default(false).describe('Whether names in .consul are asked of the agent on this node.'),
    upstreams: z
      .array(z.string())
      .default([])
      .describe('Servers for all other names; without any, those that /etc/resolv.conf named when this recipe came.'),
    private: z
      .boolean()
      .default(false)
      .describe('Whether it is heard on the private address of the node too, as containers need it.'),
    resolver: z.boolean().default(true).describe('Whether the node itself asks it, by /etc/resolv.conf.'),
    ttlSec: z.int().min(0).default(5).describe('How long others may keep names of nodes and apps.'),
    cacheSize: z.int().min(0).default(1000).describe('How many answers from upstream are kept.'),
  }),

  declare({ attributes, node, cluster, directory, exec, file, pkg, probe, service, template }) {
    const { hostsDir, resolver, zone } = attributes
    const nodes = cluster.withRole(attributes.nodesRole)
    for (const path of ['/etc/dnsmasq.d', nodesIn, hostsDir]) directory(path, { mode: '0755' })
    if (attributes.upstreams.length === 0)
      exec('keep the servers that resolv.conf names', {
        argv: ['install', '-m', '0644', '/etc/resolv.conf', upstreamsOfBefore],
        creates: upstreamsOfBefore,
      })

    // Heeded as soon as it is written, and a restart is owed only by what stands in the other.
    file(`${nodesIn}/nodes`, { content: template('nodes.njk', { nodes, zone }), mode: '0644' })
    file('/etc/dnsmasq.d/trivet.conf', {
      content: template('dnsmasq.conf.njk', { ...attributes, node, nodesIn, upstreamsOfBefore }),
      mode: '0644',
      verify: [...verify],
      notifies: { restart: 'service[dnsmasq]' },
    })
    // After its configuration: Debian starts it as it is installed, on all addresses.
    pkg('dnsmasq', { recommends: false })
    service('dnsmasq', { running: true, enabled: true })
    probe('dnsmasq', { tcp: { port: 53 } })
    if (resolver)
      file('/etc/resolv.conf', {
        content: `# Managed by Trivet, recipe dnsmasq.\nnameserver 127.0.0.1\nsearch ${zone}\n`,
        mode: '0644',
      })
  },
})
