import { defineRole } from 'trivet/role'

export default defineRole({
  description: 'A client of Consul: the agent that the programs of this node speak with.',
  recipes: ['consul'],
})
