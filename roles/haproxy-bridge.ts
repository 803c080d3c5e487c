import { defineRole } from 'trivet/role'

export default defineRole({
  description: 'HAProxy on the node itself, for all apps of Marathon.',
  recipes: ['haproxy-bridge'],
})
