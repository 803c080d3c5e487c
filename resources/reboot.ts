import { z } from 'zod'
import type { Change } from '../protocol/events.ts'
import { defineResource } from './define.ts'
import type { Host } from './host.ts'
import { Label, Path } from './names.ts'

const Props = z.strictObject({
  exists: Path.optional().describe('A file that asks for a reboot by being there, such as /run/reboot-required.'),
  kernel: z.boolean().default(false).describe('Whether a kernel that is newer than the running one asks for a reboot.'),
})
type Want = z.infer<typeof Props>

export const reboot = defineResource({
  type: 'reboot',
  summary:
    'A reboot at the end of the run, after all else that is owed; the run goes on when the machine is up again. Without exists and kernel only when it is notified.',
  example: "reboot('for updates', { exists: '/run/reboot-required' })",
  name: Label,
  props: Props,
  by: 'reboot',
  check: (_name, want, host) => reasons(want, host).map((from): Change => ({ what: 'boot', from, to: 'rebooted' })),
  apply: () => {},
  effects: () => {},
  actions: {
    reboot: async (name, host, want) => host.reboot(reasons(want, host)[0] ?? `reboot[${name}] was notified`),
  },
})

function reasons({ exists, kernel }: Want, host: Host) {
  const newest = kernel ? newestKernel(host) : undefined
  const running = host.files.read('/proc/sys/kernel/osrelease').toString().trim()
  return [
    ...(exists !== undefined && host.files.stat(exists) ? [`${exists} is there`] : []),
    ...(newest !== undefined && newest !== running ? [`kernel ${newest} is installed, and ${running} runs`] : []),
  ]
}

/** Of those with an image in /boot, which is where Debian's and Fedora's packages lay it. A container has none. */
function newestKernel({ files }: Host) {
  if (!files.stat('/boot')) return undefined
  const versions = files.list('/boot').flatMap((name) => /^vmlinuz-(\d.*)$/.exec(name)?.[1] ?? [])
  return versions.toSorted(new Intl.Collator('en', { numeric: true }).compare).at(-1)
}
