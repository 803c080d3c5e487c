import type { Context } from './attributes.ts'

export function declareUpdates({ attributes: { updates }, file, pkg, service, template, timer }: Context) {
  if (!updates.install) return
  // They begin at any time of the day, and would take dpkg's lock from whoever is at work.
  for (const name of ['apt-daily.timer', 'apt-daily-upgrade.timer']) service(name, { masked: true })
  pkg('unattended-upgrades', { recommends: false })
  file('/etc/apt/apt.conf.d/52trivet-updates', {
    content: template('updates.njk', updates),
    mode: '0644',
    owner: 'root',
    verify: ['apt-config', '-c', '{}', 'dump'],
  })
  timer('trivet-updates', {
    calendar: updates.window,
    argv: ['/usr/lib/apt/apt.systemd.daily'],
    persistent: false,
    splaySec: updates.splaySec,
  })
}
