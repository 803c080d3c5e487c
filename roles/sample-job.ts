import { defineRole } from 'trivet/role'

export default defineRole({
  description: 'An app of Marathon that shows that the cluster is ready.',
  recipes: ['sample-job'],
})
