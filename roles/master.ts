import { defineRole } from 'trivet/role'

export default defineRole({
  description: 'A master of the cluster: ZooKeeper, mesos-master and Marathon together.',
  recipes: ['base', 'zookeeper', 'mesos', 'mesos-master', 'marathon'],
  attributes: {
    zookeeper: { role: 'master' },
    mesos: { master: true },
    'mesos-master': { role: 'master' },
    marathon: { role: 'master', masterRole: 'master' },
    'sample-job': { slaveRole: 'slave' },
    kernel: { max: 1, until: 'probe[marathon]' },
  },
})
