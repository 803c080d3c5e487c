import { defineRole } from 'trivet/role'

export default defineRole({
  description: 'A DNS server on the node itself, which knows the names of nodes and apps.',
  recipes: ['dnsmasq'],
})
