import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Deb } from '../../helpers/deb.ts'

/** What the packages hold beside the programs, as those of Mesosphere did. */

const read = (name: string) => readFileSync(join(import.meta.dirname, name), 'utf8')
const lines = (...all: string[]) => all.map((line) => `${line}\n`).join('')

function mesosUnit(role: 'master' | 'slave') {
  return lines(
    '[Unit]',
    `Description=Mesos ${role === 'master' ? 'Master' : 'Slave'} (a stand-in for tests)`,
    'After=network.target',
    'Wants=network.target',
    '',
    '[Service]',
    `ExecStart=/usr/bin/mesos-init-wrapper ${role}`,
    ...(role === 'slave' ? ['KillMode=process', 'CPUAccounting=true', 'MemoryAccounting=true'] : []),
    'Restart=always',
    'RestartSec=20',
    'LimitNOFILE=16384',
    '',
    '[Install]',
    'WantedBy=multi-user.target',
  )
}

const marathonUnit = lines(
  '[Unit]',
  'Description=Scheduler for Apache Mesos (a stand-in for tests)',
  'Requires=network.target',
  '',
  '[Service]',
  'Type=simple',
  'WorkingDirectory=/usr/share/marathon',
  'EnvironmentFile=/etc/default/marathon',
  'ExecStart=/usr/share/marathon/bin/marathon',
  'ExecReload=/bin/kill -HUP $MAINPID',
  'Restart=always',
  'RestartSec=60',
  'User=marathon',
  'LimitNOFILE=32768',
  '',
  '[Install]',
  'WantedBy=multi-user.target',
)

const inSystemd = (...commands: string[]) => [
  'if [ -d /run/systemd/system ]; then',
  ...commands.map((one) => `  ${one}`),
  'fi',
]

/** What debhelper puts into the scripts of a package with units: enabled and started, unless an operator masked or disabled them. */
function scriptsFor(units: string[]): Pick<Deb, 'postinst' | 'prerm' | 'postrm'> {
  const postinst = units.flatMap((unit) => [
    `deb-systemd-helper unmask ${unit} >/dev/null || true`,
    `if deb-systemd-helper --quiet was-enabled ${unit}; then`,
    `  deb-systemd-helper enable ${unit} >/dev/null || true`,
    'else',
    `  deb-systemd-helper update-state ${unit} >/dev/null || true`,
    'fi',
  ])
  const all = units.join(' ')
  const start = inSystemd(
    'systemctl --system daemon-reload >/dev/null || true',
    `if [ -n "$2" ]; then deb-systemd-invoke restart ${all} >/dev/null || true; else deb-systemd-invoke start ${all} >/dev/null || true; fi`,
  )
  return {
    postinst: [...postinst, ...start].join('\n'),
    prerm: ['if [ "$1" = remove ]; then', ...inSystemd(`deb-systemd-invoke stop ${all} >/dev/null || true`), 'fi'].join(
      '\n',
    ),
    postrm: [
      ...inSystemd('systemctl --system daemon-reload >/dev/null || true'),
      `if [ "$1" = purge ]; then deb-systemd-helper purge ${all} >/dev/null || true; fi`,
    ].join('\n'),
  }
}

const versions = { mesos: '1.11.0-1+standin', marathon: '1.10.26-1+standin' }

export function mesosDeb(programs: { master: string; slave: string }): Deb {
  const conffiles = {
    '/etc/default/mesos': lines('LOGS=/var/log/mesos', 'ULIMIT="-n 8192"'),
    '/etc/default/mesos-master': lines('PORT=5050', 'ZK=`cat /etc/mesos/zk`'),
    '/etc/default/mesos-slave': lines('MASTER=`cat /etc/mesos/zk`'),
    '/etc/mesos/zk': lines('zk://localhost:2181/mesos'),
    '/etc/mesos-master/work_dir': lines('/var/lib/mesos'),
    '/etc/mesos-master/quorum': lines('1'),
    '/etc/mesos-slave/work_dir': lines('/var/lib/mesos'),
  }
  return {
    name: 'mesos',
    version: versions.mesos,
    recommends: 'zookeeper, zookeeperd',
    files: {
      ...conffiles,
      '/usr/lib/mesos/mesos-master.mjs': programs.master,
      '/usr/lib/mesos/mesos-agent.mjs': programs.slave,
      // Schedulers look for the library; nothing of it is in here.
      '/usr/lib/libmesos.so': 'A stand-in for tests: no library.\n',
      '/usr/bin/mesos-init-wrapper': read('mesos-init-wrapper'),
      '/usr/libexec/mesos/mesos-executor': read('mesos-executor'),
      '/usr/lib/systemd/system/mesos-master.service': mesosUnit('master'),
      '/usr/lib/systemd/system/mesos-slave.service': mesosUnit('slave'),
    },
    links: {
      '/usr/sbin/mesos-master': '/usr/lib/mesos/mesos-master.mjs',
      '/usr/sbin/mesos-agent': '/usr/lib/mesos/mesos-agent.mjs',
      '/usr/sbin/mesos-slave': 'mesos-agent',
    },
    conffiles: Object.keys(conffiles),
    ...scriptsFor(['mesos-master.service', 'mesos-slave.service']),
  }
}

export function marathonDeb(program: string): Deb {
  return {
    name: 'marathon',
    version: versions.marathon,
    user: 'marathon',
    files: {
      '/etc/default/marathon': lines('MARATHON_MESOS_USER="root"'),
      '/usr/share/marathon/lib/marathon.mjs': program,
      '/usr/lib/systemd/system/marathon.service': marathonUnit,
    },
    links: { '/usr/share/marathon/bin/marathon': '../lib/marathon.mjs' },
    conffiles: ['/etc/default/marathon'],
    ...scriptsFor(['marathon.service']),
  }
}
