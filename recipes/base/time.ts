import type { Context } from './attributes.ts'

export function declareTime({ attributes: { time }, node, cluster, directory, file, pkg, service, template }: Context) {
  if (!time.sync) return
  const others = cluster.withRole('base').filter(({ name }) => name !== node.name)
  const restart = { notifies: { restart: 'service[chrony]' } } as const

  // In place of systemd-timesyncd, which this package takes away.
  pkg('chrony', { recommends: false })
  if (time.serve || time.servers.length > 0)
    file('/etc/chrony/chrony.conf', {
      content: template('chrony.conf.njk', { ...time, clients: time.serve ? others : [] }),
      mode: '0644',
      owner: 'root',
      verify: ['chronyd', '-p', '-f', '{}'],
      ...restart,
    })
  if (!time.setClock) {
    directory('/etc/systemd/system/chrony.service.d', { mode: '0755' })
    // The unit of Debian is for those who may set the clock, and silently does not start elsewhere.
    file('/etc/systemd/system/chrony.service.d/trivet.conf', {
      content: '[Unit]\nConditionCapability=\n\n[Service]\nEnvironmentFile=\nEnvironment=DAEMON_OPTS=-x\n',
      mode: '0644',
      ...restart,
    })
  }
  service('chrony', { running: true, enabled: true })
}
