import { z } from 'zod'
import { defineResource, differences, must } from './define.ts'
import { assertAnswers, inspect } from './docker/cli.ts'
import { createArgv, declarationOf, label, Props, type Want } from './docker/declaration.ts'
import type { Host } from './host.ts'

export const dockerContainer = defineResource({
  type: 'docker_container',
  summary:
    'A container of Docker. It is made anew when what is declared of it, or what the tag of its image means here, has changed.',
  example: `docker_container('web', {
  image: 'web:1.4',
  ports: ['8080:80'],
  env: { WORKERS: '4' },
  volumes: ['/srv/web:/www:ro'],
})`,
  name: z
    .string()
    .regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/, 'must be as Docker wants it: two or more letters, digits, _, . and -'),
  props: Props,
  problem: (_name, { ensure, image }) =>
    ensure === 'present' && image === undefined ? 'needs an image when it is present.' : undefined,

  async check(name, want, host) {
    const found = await find(name, host)
    const ensure = found ? 'present' : 'absent'
    if (want.ensure === 'absent') return differences({ ensure }, { ensure: 'absent' })
    const image = found && want.image && (await inspect('image', want.image, '{{.Id}}', host))
    const running = found?.status === 'running' ? 'true' : found?.status === 'restarting' ? 'restarting' : 'false'
    return [
      ...differences({ ensure }, { ensure: 'present' }),
      ...(found
        ? differences(
            { image: found.image, declaration: found.declaration },
            { image, declaration: declarationOf(want) },
          )
        : []),
      ...differences({ running }, { running: String(want.running) }),
    ]
  },

  async apply(name, want, host, changes) {
    const changed = new Set(changes.map(({ what }) => what))
    const found = await find(name, host)
    const isAnew = ['ensure', 'image', 'declaration'].some((what) => changed.has(what))
    const isMade = isAnew && want.ensure === 'present'
    if (isMade) await make(nextOf(name), want, host)
    if (found && (isAnew || !want.running)) await must(host, ['docker', 'container', 'stop', '--', name])
    if (found && isAnew) await must(host, ['docker', 'container', 'rm', '--force', '--', name])
    if (isMade) await must(host, ['docker', 'container', 'rename', '--', nextOf(name), name])
    if (want.ensure === 'present' && want.running) await start(name, want, host)
  },

  effects: (_name, _want, foreseen) => assertAnswers(foreseen),
  actions: {
    restart: async (name, host, want) => {
      if (want.ensure === 'absent' || !want.running) return
      await must(host, ['docker', 'container', 'stop', '--', name])
      await start(name, want, host)
    },
  },
  satisfies: (changes) => (changes.some(({ what, to }) => what === 'running' && to === 'true') ? ['restart'] : []),
})

async function find(name: string, host: Host) {
  const template = `{{.State.Status}} {{.Image}} {{index .Config.Labels "${label}"}}`
  const found = await inspect('container', name, template, host)
  const [status = '', image = '', declaration = ''] = found?.split(' ') ?? []
  return found === undefined ? undefined : { status, image, declaration }
}

/** What it is called until the old one, which goes on if Docker refuses this one, has made room. */
function nextOf(name: string) {
  return `${name}.trivet-next`
}

async function make(next: string, want: Want, host: Host) {
  const { image = '' } = want
  const found = await inspect('image', image, '{{.Id}}', host)
  if (found === undefined) await must(host, ['docker', 'image', 'pull', '--quiet', '--', image])
  // A killed agent may have left one.
  if (await find(next, host)) await must(host, ['docker', 'container', 'rm', '--force', '--', next])
  await must(host, createArgv(next, want))
}

async function start(name: string, { settleMs }: Want, host: Host) {
  await must(host, ['docker', 'container', 'start', '--', name])
  if (settleMs === 0) return
  const waited = await host.run(['timeout', String(settleMs / 1000), 'docker', 'container', 'wait', '--', name])
  // So timeout(1) says that its command went on.
  if (waited.exitCode === 124) return
  const { stdout, stderr } = await host.run(['docker', 'container', 'logs', '--tail', '20', '--', name])
  const ended = waited.exitCode === 0 ? `it exited with ${waited.stdout.trim()}` : waited.stderr.trim()
  throw new Error(
    `Container ${name} did not stay up: ${ended}. Its last log lines:\n${`${stdout}${stderr}`.trim() || '(none)'}`,
  )
}
