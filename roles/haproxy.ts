import { defineRole } from 'trivet/role'

export default defineRole({
  description: 'HAProxy in front of all nodes of role web.',
  recipes: ['haproxy'],
})
