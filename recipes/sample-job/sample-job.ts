import { defineRecipe } from 'trivet/recipe'
import { z } from 'zod'
import { Marathon } from '../marathon/marathons.ts'

export default defineRecipe({
  description: 'An app of Marathon, submitted by one node once there is a leader and enough slaves are registered.',

  attributes: z.strictObject({
    role: z
      .string()
      .default('sample-job')
      .describe('The role by which nodes have this recipe; the first of them submits.'),
    id: z.string().default('/shell-hello').describe('The id of the app.'),
    app: z
      .record(z.string(), z.json())
      .default({
        cmd: 'python3 -m http.server $PORT0',
        cpus: 0.1,
        mem: 32,
        instances: 1,
        portDefinitions: [{ port: 10_100, protocol: 'tcp', name: 'http' }],
        healthChecks: [{ protocol: 'MESOS_HTTP', path: '/', portIndex: 0, gracePeriodSeconds: 60, intervalSeconds: 5 }],
      })
      .describe('The app, as it is PUT to /v2/apps. The one by default needs python3 on the slaves: base.packages.'),
    slaveRole: z.string().default('mesos-slave').describe('The role whose nodes are the slaves.'),
    slaves: z.int().min(1).default(1).describe('How many slaves must be registered.'),
    withinMs: z.int().min(1000).default(300_000).describe('How long it may take until its tasks run and are healthy.'),
  }),

  declare({ attributes, attributesOf, cluster, gate, marathon_app, node }) {
    const { id, app, slaveRole, slaves, withinMs } = attributes
    const { role, port } = Marathon.parse(attributesOf('marathon'))
    const [first] = cluster.withRole(attributes.role, { atLeast: 1 }).toSorted((a, b) => a.ordinal - b.ordinal)
    if (first?.name !== node.name) return
    const marathons = cluster.withRole(role, { atLeast: 1 })
    gate('marathon has a leader', { role, probe: 'probe[marathon]' })
    gate(`${slaves} slaves are registered`, { role: slaveRole, probe: 'probe[mesos-slave]', atLeast: slaves })
    const servers = marathons.map(({ address }) => `http://${address}:${port}`)
    marathon_app(id, { servers, app, withinMs, insecure: true })
  },
})
