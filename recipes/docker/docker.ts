import { defineRecipe } from 'trivet/recipe'
import { z } from 'zod'

export default defineRecipe({
  description: 'Docker from Debian, and who may use it.',

  attributes: z.strictObject({
    daemon: z
      .record(z.string(), z.json())
      .default({ 'log-driver': 'json-file', 'log-opts': { 'max-size': '10m', 'max-file': '3' }, 'live-restore': true })
      .describe('All that is in /etc/docker/daemon.json.'),
    users: z
      .array(z.string().regex(/^[a-z_][a-z0-9_-]*$/, 'must be the name of a user'))
      .default([])
      .describe('Users that come into group docker: each of them can do all that root can.'),
    healthyWithinMs: z.int().min(1000).default(60_000).describe('How long a run waits until the daemon answers.'),
  }),

  declare({ attributes, directory, exec, file, node, pkg, probe, service }) {
    const { daemon, users, healthyWithinMs } = attributes
    const restart = { notifies: { restart: 'service[docker]' } } as const
    // Before the package, which starts the daemon.
    directory('/etc/docker', { mode: '0755', owner: 'root', group: 'root' })
    file('/etc/docker/daemon.json', {
      content: `${JSON.stringify(daemon, null, 2)}\n`,
      mode: '0644',
      owner: 'root',
      group: 'root',
      ...restart,
    })
    // Of Debian 12 on it recommends what the kernel needs of AppArmor and git, and from Debian 13 on the client is apart.
    pkg('docker.io', { recommends: false, ...restart })
    if (Number(node.facts.os.version) >= 13) pkg('docker-cli', { recommends: false })
    // Without it Docker refuses to start a container wherever the kernel has AppArmor.
    pkg('apparmor', { recommends: false })

    for (const user of users)
      exec(`let ${user} use Docker`, {
        argv: ['gpasswd', '--add', user, 'docker'],
        unless: ['grep', '-Eq', `^docker:[^:]*:[^:]*:(.*,)?${user}(,|$)`, '/etc/group'],
      })

    service('docker', { running: true, enabled: true })
    probe('docker', { command: ['docker', 'version', '--format', '{{.Server.Version}}'], withinMs: healthyWithinMs })
  },
})
