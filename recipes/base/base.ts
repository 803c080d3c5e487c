import { defineRecipe, type NodeView } from 'trivet/recipe'
import { z } from 'zod'

export default defineRecipe({
  description: 'Names of all nodes of the cluster in /etc/hosts, a message of the day, packages of your choice.',

  attributes: z.strictObject({
    packages: z.array(z.string()).default([]).describe('Debian packages that every node is to have.'),
    hosts: z
      .record(z.string(), z.array(z.string()).min(1))
      .default({})
      .describe('Further lines of /etc/hosts: address to names.'),
  }),

  declare({ attributes, node, cluster, file, pkg, template }) {
    const others = cluster.withRole('base').filter(({ name }) => name !== node.name)
    const nodes = [node, ...others].map((one) => ({ address: one.address, names: namesOf(one) }))
    const further = Object.entries(attributes.hosts).map(([address, names]) => ({ address, names }))

    // Without Debian's `127.0.1.1 HOSTNAME`: what asks for its own name must get an address that others reach too.
    file('/etc/hosts', { content: template('hosts.njk', { lines: [...nodes, ...further] }), mode: '0644' })
    file('/etc/motd', { content: template('motd.njk', { node }), mode: '0644' })

    for (const name of attributes.packages) pkg(name)
  },
})

/** The name it is known by here, and what it calls itself where that is another. */
function namesOf({ name, facts }: Pick<NodeView, 'name' | 'facts'>) {
  const [short = ''] = facts.hostname.split('.')
  return [...new Set([name, facts.hostname, short])].filter((one) => one !== '')
}
