import { defineRole } from 'trivet/role'

export default defineRole({
  description: 'Docker, in which Mesos runs containers.',
  recipes: ['docker'],
})
