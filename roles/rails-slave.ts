import { defineRole } from 'trivet/role'

export default defineRole({
  description: 'A slave of a small cluster: Marathon and Consul run on each.',
  recipes: ['base', 'docker', 'mesos', 'mesos-slave', 'marathon', 'consul'],
  attributes: {
    zookeeper: { role: 'rails-master', ensembleSize: 1 },
    mesos: { slave: true },
    'mesos-slave': { masterRole: 'rails-master' },
    marathon: { role: 'rails-slave', masterRole: 'rails-master' },
    consul: { serverRole: 'rails-master', servers: 1 },
  },
})
