import { defineRole } from 'trivet/role'

export default defineRole({
  description:
    'What every node has: names of the others, a word of who manages it, and what is set of users, ssh, time and updates.',
  recipes: ['base'],
})
