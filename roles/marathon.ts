import { defineRole } from 'trivet/role'

export default defineRole({
  description: 'Marathon, which keeps apps running on the slaves of Mesos.',
  recipes: ['marathon'],
})
