import { z } from 'zod'
import { BlobRef } from '../protocol/catalog.ts'
import { defineResource, differences, must } from './define.ts'
import { applyFile, checkFile, type FileWant } from './file.ts'
import type { Host } from './host.ts'
import { givenJustWhenPresent, UnitName } from './names.ts'
import { runs } from './service.ts'

/** Where others than the node's own may lie, and what systemd makes units of by itself. */
const elsewhere = [
  '/run/systemd/system',
  '/run/systemd/generator',
  '/run/systemd/generator.late',
  '/usr/local/lib/systemd/system',
  '/usr/lib/systemd/system',
  '/lib/systemd/system',
]

const Props = z.strictObject({
  ensure: z
    .enum(['present', 'absent'])
    .default('present')
    .describe(
      'Whether the unit file is to be there. One that goes is stopped and disabled first, unless a package has a unit of that name too.',
    ),
  content: BlobRef.optional().describe('The unit file: text, a template or a source.'),
})

/** `directory` is where the node's own units live; tests give another. */
export function systemdUnitIn(directory: string) {
  const asFile = (name: string, { ensure, content }: z.infer<typeof Props>): [string, FileWant] => [
    `${directory}/${name}`,
    { ensure, content, mode: '0644', owner: '0', group: '0', backup: true },
  ]

  return defineResource({
    type: 'systemd_unit',
    summary: "A unit of the node's own in /etc/systemd/system, known to systemd as soon as it is written.",
    example: `systemd_unit('web.service', {
  content: template('web.service.njk', { port: 8000 }),
  notifies: { restart: 'service[web]' },
})`,
    name: UnitName,
    props: Props,
    blobs: ['content'],
    units: (name) => [name],
    paths: (name) => [`${directory}/${name}`],
    owns: (name) => [`${directory}/${name}`],
    problem: (_name, { ensure, content }) => givenJustWhenPresent('content', ensure, content !== undefined),
    check: async (name, want, host) => [
      ...(await checkFile(...asFile(name, want), host)),
      ...(want.ensure === 'absent' ? await stillLive(name, host) : []),
    ],

    async apply(name, want, host, changes) {
      const [path] = asFile(name, want)
      if (want.ensure === 'absent') await end(name, path, host)
      if (want.ensure === 'present' || host.files.stat(path)) await applyFile(...asFile(name, want), host, changes)
      await must(host, ['systemctl', 'daemon-reload'])
    },
  })
}

export const systemdUnit = systemdUnitIn('/etc/systemd/system')

async function stillLive(name: string, host: Host) {
  // A template has instances, but no state of its own.
  if (isTemplate(name) || hasOther(name, host)) return []
  const state = await host.unit(name)
  return differences(
    { enabled: String(state.UnitFileState === 'enabled'), running: runs(state) },
    { enabled: 'false', running: 'false' },
  )
}

/** As long as systemd knows by the file what to stop, and which links to take away. */
async function end(name: string, path: string, host: Host) {
  if (hasOther(name, host)) return
  if (host.files.stat(path)) await must(host, ['systemctl', 'disable', '--', name])
  await must(host, ['systemctl', 'stop', '--', isTemplate(name) ? name.replace('@.', '@*.') : name])
  // What failed would be listed by systemd for ever; it knows no others by now.
  await host.run(['systemctl', 'reset-failed', '--', name])
}

function isTemplate(name: string) {
  return name.includes('@.')
}

/** Then the file only stood before another, which goes on. */
function hasOther(name: string, { files }: Host) {
  return elsewhere.some((folder) => files.stat(`${folder}/${name}`))
}
