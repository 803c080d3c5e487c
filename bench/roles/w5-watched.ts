import { defineRole } from 'trivet/role'

export default defineRole({
  description: 'Work set W5, watched: drift is repaired at once.',
  recipes: ['w5'],
  watch: true,
})
