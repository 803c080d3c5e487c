import type { Context } from './attributes.ts'

const keysOnly = { PasswordAuthentication: 'no', KbdInteractiveAuthentication: 'no', PermitRootLogin: 'no' }

export function declareUsers(context: Context) {
  const { attributes, cluster, file, pkg, ssh_authorized_key, user } = context
  const users = Object.entries(attributes.users)
  if (users.some(([, { sudo }]) => sudo)) pkg('sudo', { recommends: false })
  const addresses = cluster.withRole('base').map(({ address }) => address)
  for (const [name, { keys, clusterKey, sudo, groups, shell }] of users) {
    user(name, { home: `/home/${name}`, createHome: true, shell, groups })
    for (const [comment, key] of Object.entries(keys)) ssh_authorized_key(`${name}#${comment}`, { key })
    if (clusterKey !== undefined)
      ssh_authorized_key(`${name}#trivet-cluster`, { key: clusterKey, options: [`from="${addresses.join(',')}"`] })
    file(`/etc/sudoers.d/trivet-${name}`, {
      ensure: sudo ? 'present' : 'absent',
      ...(sudo && {
        content: `# Managed by Trivet, recipe base.\n${name} ALL=(ALL:ALL) NOPASSWD: ALL\n`,
        mode: '0440',
        owner: 'root',
        group: 'root',
        verify: ['visudo', '-c', '-q', '-f', '{}'],
      }),
    })
  }
}

export function declareSsh({ attributes: { ssh }, directory, file, pkg, service, sshd }: Context) {
  const known = Object.entries(ssh.knownHosts)
  if (known.length > 0) {
    directory('/etc/ssh', { mode: '0755' })
    file('/etc/ssh/ssh_known_hosts', { content: known.map((one) => `${one.join(' ')}\n`).join(''), mode: '0644' })
  }
  if (!ssh.server) return
  pkg('openssh-server', { recommends: false })
  // sshd takes what it reads first, and cloud-init writes a 50-cloud-init.conf.
  sshd('00-trivet', { options: { ...keysOnly, ...ssh.options }, notifies: { reload: 'service[ssh]' } })
  service('ssh', { running: true, enabled: true })
}
