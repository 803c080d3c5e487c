import { defineRole } from 'trivet/role'

export default defineRole({
  description: 'A slave of a Mesos cluster whose masters have role master.',
  recipes: ['base', 'docker', 'mesos', 'mesos-slave', 'haproxy-bridge'],
  attributes: {
    zookeeper: { role: 'master' },
    mesos: { slave: true },
    'mesos-slave': { masterRole: 'master' },
    marathon: { role: 'master' },
    'haproxy-bridge': { marathonRole: 'master' },
    kernel: { until: 'probe[mesos-slave]' },
  },
})
