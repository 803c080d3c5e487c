import { defineRole } from 'trivet/role'

export default defineRole({
  description: 'Prometheus, which asks all nodes of role node-exporter.',
  recipes: ['metrics'],
})
