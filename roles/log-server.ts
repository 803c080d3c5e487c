import { defineRole } from 'trivet/role'

export default defineRole({
  description: 'Takes the logs of all nodes of role log-client.',
  recipes: ['logs'],
})
