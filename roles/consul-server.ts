import { defineRole } from 'trivet/role'

export default defineRole({
  description: 'A server of Consul: one of those that elect the leader and keep the data.',
  recipes: ['consul'],
})
