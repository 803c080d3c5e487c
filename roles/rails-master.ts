import { defineRole } from 'trivet/role'

export default defineRole({
  description: 'The one master of a small cluster whose slaves run Marathon, with a server of Consul.',
  recipes: ['base', 'zookeeper', 'mesos', 'mesos-master', 'consul'],
  attributes: {
    zookeeper: { role: 'rails-master', ensembleSize: 1 },
    mesos: { master: true },
    'mesos-master': { role: 'rails-master' },
    marathon: { role: 'rails-slave' },
    consul: { serverRole: 'rails-master', servers: 1 },
  },
})
