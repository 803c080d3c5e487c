import { defineRole } from 'trivet/role'

export default defineRole({
  description: 'A slave of Mesos.',
  recipes: ['mesos', 'mesos-slave'],
  attributes: { mesos: { slave: true } },
})
