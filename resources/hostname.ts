import { z } from 'zod'
import { defineResource, differences, must } from './define.ts'
import type { Host } from './host.ts'
import { putText } from './files/text-file.ts'

const persisted = '/etc/hostname'
const live = '/proc/sys/kernel/hostname'

export const hostname = defineResource({
  type: 'hostname',
  summary: "The machine's name: the resource's own. Live, and in /etc/hostname; /etc/hosts is another resource's.",
  example: "hostname('web-1.example.net')",
  name: z
    .string()
    .regex(
      /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/,
      'must be a host name in lower case, such as web-1 or web-1.example.net',
    )
    .max(64, 'has more than the 64 characters that the kernel takes'),
  props: z.strictObject({}),
  paths: () => [persisted],
  owns: () => [persisted],
  check: (name, _want, { files }) =>
    differences({ live: lineOf(live, files), 'at boot': lineOf(persisted, files) }, { live: name, 'at boot': name }),

  async apply(name, _want, host, changes) {
    if (changes.some(({ what }) => what === 'at boot')) await putText(persisted, `${name}\n`, host)
    if (changes.some(({ what }) => what === 'live')) await must(host, ['hostname', name])
  },
})

/** hostname(5): comments and blanks around do not count. */
function lineOf(path: string, files: Host['files']) {
  if (files.stat(path)?.kind !== 'file') return undefined
  const lines = files.read(path).toString().split('\n')
  return lines.map((line) => line.trim()).find((line) => line !== '' && !line.startsWith('#'))
}
