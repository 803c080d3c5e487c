import { defineRecipe } from 'trivet/recipe'
import { z } from 'zod'

export default defineRecipe({
  description: 'Figures of the machine for Prometheus, on its private address.',

  attributes: z.strictObject({
    port: z.int().min(1).max(65535).default(9100).describe('The port it listens on.'),
  }),

  declare({ attributes: { port }, node, file, pkg, probe, service }) {
    // Before the package, which starts it as it is installed, on all addresses.
    file('/etc/default/prometheus-node-exporter', {
      content: `# Managed by Trivet, recipe node-exporter.\nARGS="--web.listen-address=${node.address}:${port}"\n`,
      mode: '0644',
      notifies: { restart: 'service[prometheus-node-exporter]' },
    })
    pkg('prometheus-node-exporter', { recommends: false })
    service('prometheus-node-exporter', { running: true, enabled: true })
    probe('node-exporter', { http: { url: `http://${node.address}:${port}/metrics`, expect: '^node_load1 ' } })
  },
})
