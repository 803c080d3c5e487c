import { defineRole } from 'trivet/role'

export default defineRole({
  description: 'Work set W1, watched: drift is repaired at once.',
  recipes: ['w1'],
  watch: true,
})
