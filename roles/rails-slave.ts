import { defineRole } from 'trivet/role'

export default defineRole({
  description:
    'A slave of a small cluster: Marathon and Consul run on each, and HAProxy on port 80 for the tasks of the node alone.',
  recipes: ['base', 'docker', 'mesos', 'mesos-slave', 'marathon', 'consul', 'dnsmasq', 'haproxy-bridge'],
  attributes: {
    zookeeper: { role: 'rails-master', ensembleSize: 1 },
    mesos: { slave: true },
    'mesos-slave': { masterRole: 'rails-master' },
    marathon: { role: 'rails-slave', masterRole: 'rails-master' },
    consul: { serverRole: 'rails-master', servers: 1 },
    dnsmasq: { consul: true },
    'sample-job': { slaveRole: 'rails-slave' },
    'haproxy-bridge': { mode: 'host', consul: true, appNames: true, marathonRole: 'rails-slave' },
    kernel: { until: 'probe[mesos-slave]' },
  },
})
