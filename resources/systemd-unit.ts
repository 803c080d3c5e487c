import { z } from 'zod'
import { BlobRef } from '../protocol/catalog.ts'
import { defineResource, must } from './define.ts'
import { applyFile, checkFile, type FileWant } from './file.ts'
import { UnitName } from './names.ts'

const Props = z.strictObject({
  ensure: z.enum(['present', 'absent']).default('present').describe('Whether the unit file is to be there.'),
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
    problem: (_name, { ensure, content }) =>
      (ensure === 'present') === (content !== undefined)
        ? undefined
        : 'needs content when it is present, and has none when absent.',
    check: (name, want, host) => checkFile(...asFile(name, want), host),
    async apply(name, want, host, changes) {
      await applyFile(...asFile(name, want), host, changes)
      await must(host, ['systemctl', 'daemon-reload'])
    },
  })
}

export const systemdUnit = systemdUnitIn('/etc/systemd/system')
