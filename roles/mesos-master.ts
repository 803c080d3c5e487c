import { defineRole } from 'trivet/role'

export default defineRole({
  description: 'A master of Mesos.',
  recipes: ['mesos', 'mesos-master'],
  attributes: { mesos: { master: true } },
})
