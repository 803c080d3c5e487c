import { defineRole } from 'trivet/role'

export default defineRole({
  description: 'The one master of the rails layout: ZooKeeper, mesos-master, and a server of Consul.',
  recipes: ['base', 'zookeeper', 'mesos', 'mesos-master', 'consul'],
  attributes: {
    zookeeper: { role: 'rails-master', ensembleSize: 1 },
    mesos: { master: true },
    'mesos-master': { role: 'rails-master' },
    marathon: { role: 'rails-slave', masterRole: 'rails-master' },
    consul: { serverRole: 'rails-master', servers: 1 },
  },
})
