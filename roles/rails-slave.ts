import { defineRole } from 'trivet/role'

export default defineRole({
  description:
    "A slave of the rails layout, with a Marathon of its own, and HAProxy on port 80 for this node's tasks alone.",
  recipes: ['base', 'docker', 'mesos', 'mesos-slave', 'marathon', 'consul', 'dnsmasq', 'haproxy-bridge'],
  attributes: {
    zookeeper: { role: 'rails-master', ensembleSize: 1 },
    mesos: { slave: true },
    'mesos-slave': { masterRole: 'rails-master' },
    marathon: { role: 'rails-slave', masterRole: 'rails-master' },
    consul: { serverRole: 'rails-master', servers: 1 },
    dnsmasq: { consul: true },
    'haproxy-bridge': { mode: 'host', consul: true, appNames: true, marathonRole: 'rails-slave' },
  },
})
