import { defineRecipe, type RecipeContext } from 'trivet/recipe'
import { z } from 'zod'

const Port = z.int().min(1).max(65535)

const Attributes = z.strictObject({
  address: z.string().default('127.0.0.1').describe('Where Prometheus listens. It asks nobody who they are.'),
  port: Port.default(9090).describe('The port it listens on.'),
  retention: z
    .string()
    .regex(/^\d+(ms|s|m|h|d|w|y)$/)
    .default('15d')
    .describe('How long figures are kept.'),
  everySec: z.int().min(1).default(15).describe('How often all are asked, in seconds.'),
  exporterRole: z.string().default('node-exporter').describe('The role whose machines are asked for figures.'),
  exporterPort: Port.default(9100).describe('The port they answer on: what node-exporter.port is.'),
  jobs: z
    .record(
      z.string().regex(/^[a-z0-9_-]+$/, 'must have a-z, 0-9, _ and - only'),
      z.strictObject({
        role: z.string().describe('The role whose nodes are asked.'),
        port: Port.describe('The port they answer on.'),
        path: z
          .string()
          .regex(/^\/\S*$/)
          .default('/metrics')
          .describe('What is asked for.'),
      }),
    )
    .default({})
    .describe('Further things that are asked, such as bridges: name of the job to role, port and path.'),
})
type Context = RecipeContext<z.output<typeof Attributes>>

const targetsIn = '/etc/prometheus/trivet-targets'

export default defineRecipe({
  description: 'Prometheus over all nodes of the cluster. A node that joins is asked without a restart.',

  attributes: Attributes,

  declare(context) {
    const { attributes, directory, file, pkg, probe, service, template } = context
    const { address, port, retention, exporterRole, exporterPort } = attributes
    const jobs = { node: { role: exporterRole, port: exporterPort, path: '/metrics' }, ...attributes.jobs }

    // Before the package, which starts it as it is installed, on all addresses.
    for (const path of ['/etc/prometheus', targetsIn]) directory(path, { mode: '0755' })
    const flags = `--storage.tsdb.retention.time=${retention} --web.listen-address=${address}:${port}`
    file('/etc/default/prometheus', {
      content: `# Managed by Trivet, recipe metrics.\nARGS="${flags}"\n`,
      mode: '0644',
      notifies: { restart: 'service[prometheus]' },
    })
    for (const [name, job] of Object.entries(jobs))
      file(`${targetsIn}/${name}.json`, { content: targetsOf(job, context), mode: '0644' })
    file('/etc/prometheus/prometheus.yml', {
      content: template('prometheus.yml.njk', { ...attributes, jobs, targetsIn }),
      mode: '0644',
      verify: [...verify],
      // Not a reload, for which a small Debian 12 lacks /bin/kill; nodes that come and go are no change of this file.
      notifies: { restart: 'service[prometheus]' },
    })
    pkg('prometheus', { recommends: false })
    service('prometheus', { running: true, enabled: true })
    const own = address === '0.0.0.0' ? '127.0.0.1' : address
    probe('prometheus', { http: { url: `http://${own}:${port}/-/ready` }, withinMs: 120_000 })
  },
})

// promtool is not there before the package is. `$1`, as the path of the candidate is no part of the script.
const verify = ['sh', '-c', '[ ! -x /usr/bin/promtool ] || exec promtool check config "$1"', 'verify', '{}'] as const

/** As Prometheus reads them again whenever the file changes. */
function targetsOf({ role, port }: { role: string; port: number }, { cluster }: Context) {
  const targets = cluster.withRole(role).map(({ name, address }) => ({
    targets: [`${address}:${port}`],
    labels: { node: name },
  }))
  return `${JSON.stringify(targets, null, 2)}\n`
}
