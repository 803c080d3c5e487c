import { defineRole } from 'trivet/role'

export default defineRole({
  description: 'Shows figures of the machine to Prometheus.',
  recipes: ['node-exporter'],
})
