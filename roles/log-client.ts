import { defineRole } from 'trivet/role'

export default defineRole({
  description: 'Sends the logs of the node to the nodes of role log-server.',
  recipes: ['logs'],
})
