import { defineRole } from 'trivet/role'

export default defineRole({
  description: 'A master of a Mesos cluster: ZooKeeper, Mesos and Marathon.',
  recipes: ['base', 'zookeeper', 'mesos', 'mesos-master', 'marathon'],
  attributes: {
    zookeeper: { role: 'master' },
    mesos: { master: true },
    'mesos-master': { role: 'master' },
    marathon: { role: 'master', masterRole: 'master' },
  },
})
