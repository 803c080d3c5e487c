import { defineRecipe } from 'trivet/recipe'
import { z } from 'zod'

// haproxy is not there before its package is. `$1`, as the path of the candidate is no part of the script.
const verify = ['sh', '-c', '[ ! -x /usr/sbin/haproxy ] || exec /usr/sbin/haproxy -c -f "$1"', 'verify', '{}'] as const

export default defineRecipe({
  description: 'HAProxy that spreads HTTP over the nodes of a role.',

  attributes: z.strictObject({
    port: z.int().min(1).max(65535).default(80).describe('The port it listens on.'),
    backendRole: z.string().default('web').describe('The role whose nodes serve.'),
    backendPort: z.int().min(1).max(65535).default(8000).describe('The port they serve on: what web.port is.'),
    checkPath: z
      .string()
      .regex(/^\/\S*$/)
      .default('/')
      .describe('What a node must answer to count as well.'),
    maxConnections: z.int().min(1).default(4000).describe('Connections at the same time.'),
    hardStopAfterSeconds: z
      .int()
      .min(1)
      .default(300)
      .describe('How long connections of before a reload may go on: old workers live until theirs have ended.'),
  }),

  declare({ attributes, cluster, directory, file, pkg, probe, service, template }) {
    const servers = cluster.withRole(attributes.backendRole, { atLeast: 1 })

    // Before the package: Debian starts haproxy as it is installed, and it is to start with this. dpkg keeps the file.
    directory('/etc/haproxy', { mode: '0755', owner: 'root', group: 'root' })
    file('/etc/haproxy/haproxy.cfg', {
      content: template('haproxy.cfg.njk', { ...attributes, servers }),
      mode: '0644',
      owner: 'root',
      verify: [...verify],
      notifies: { reload: 'service[haproxy]' },
    })
    pkg('haproxy', { recommends: false })
    // The unit reloads by /bin/kill, which a small Debian 12 lacks.
    pkg('procps', { recommends: false })

    service('haproxy', { running: true, enabled: true })
    probe('haproxy', { http: { url: `http://127.0.0.1:${attributes.port}${attributes.checkPath}` }, withinMs: 120_000 })
  },
})
