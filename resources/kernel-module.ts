import { basename } from 'node:path'
import { z } from 'zod'
import { commandFailed, defineResource, differences } from './define.ts'
import { type Host, Unforeseeable } from './host.ts'
import { runIfThere } from './system/run-if-there.ts'
import { linesOf, putText, textDifferences } from './files/text-file.ts'

const program = '/usr/sbin/modprobe'

const Value = z.union([z.string().regex(/^[^\s"]+$/, 'cannot contain blanks or quotes'), z.int(), z.boolean()])

const Props = z.strictObject({
  ensure: z
    .enum(['present', 'absent'])
    .default('present')
    .describe(
      'Whether it is loaded, now and at each boot; absent unloads it. What is built into the kernel is always loaded.',
    ),
  parameters: z
    .record(z.string().regex(/^\w+$/, 'must be the name of a parameter, as modinfo shows it'), Value)
    .default({})
    .describe('What it is given when it is loaded. A module that is in the kernel already keeps what it has.'),
  blacklist: z
    .boolean()
    .default(false)
    .describe(
      'Whether nothing may load it, neither by its own name nor for a device that it is for; goes with absent.',
    ),
})
type Want = z.infer<typeof Props>

export const kernelModule = defineResource({
  type: 'kernel_module',
  summary:
    'A module of the kernel: loaded now and at each boot, or kept out. A container has those of its host, and can load none.',
  example: `kernel_module('overlay')
kernel_module('loop', { parameters: { max_loop: 32 } })`,
  name: z.string().regex(/^[A-Za-z0-9_]+$/, 'must be as /proc/modules spells it: with _ where a file name has -'),
  props: Props,
  problem(_name, { ensure, blacklist, parameters }) {
    if (ensure === 'present' && blacklist) return 'cannot be both loaded and on the blacklist. Say `ensure: absent`.'
    return ensure === 'absent' && Object.keys(parameters).length > 0
      ? 'is to be absent, so its parameters have no meaning. Leave them out.'
      : undefined
  },
  unwanted: (): Want => ({ ensure: 'absent', parameters: {}, blacklist: false }),
  paths: (name) => [optionsFile(name), bootFile(name)],
  owns: (name) => [optionsFile(name), bootFile(name)],

  async check(name, want, host) {
    return [
      ...(await textDifferences('options', optionsFile(name), optionsText(name, want), host)),
      ...(await textDifferences('at boot', bootFile(name), bootText(name, want), host)),
      ...differences({ loaded: String(isLoaded(name, host)) }, { loaded: String(want.ensure === 'present') }),
    ]
  },

  async apply(name, want, host, changes) {
    await putText(optionsFile(name), optionsText(name, want), host)
    if (want.ensure === 'absent') await putText(bootFile(name), null, host)
    if (changes.some(({ what }) => what === 'loaded')) await modprobe(name, want, [], host)
    if (want.ensure === 'present') await putText(bootFile(name), bootText(name, want), host)
  },

  async effects(name, want, foreseen, changes) {
    await putText(optionsFile(name), optionsText(name, want), foreseen)
    await putText(bootFile(name), bootText(name, want), foreseen)
    if (!changes.some(({ what }) => what === 'loaded')) return
    if (!foreseen.files.stat(program) && foreseen.packages().get('kmod')?.status === 'installed')
      throw new Unforeseeable('the package kmod is to bring modprobe first')
    await modprobe(name, want, ['--dry-run'], { run: foreseen.look })
    if (want.ensure === 'present') foreseen.mayBring(`the kernel module ${name}`)
  },
})

function optionsFile(name: string) {
  return `/etc/modprobe.d/trivet-${name}.conf`
}

function optionsText(name: string, { parameters, blacklist }: Want) {
  if (blacklist) return `blacklist ${name}\ninstall ${name} /bin/false\n`
  const options = Object.entries(parameters).map(([key, value]) => `${key}=${shown(value)}`)
  return options.length > 0 ? `options ${name} ${options.join(' ')}\n` : null
}

function shown(value: string | number | boolean) {
  return typeof value === 'boolean' ? (value ? 'Y' : 'N') : String(value)
}

function bootFile(name: string) {
  return `/etc/modules-load.d/trivet-${name}.conf`
}

function bootText(name: string, { ensure }: Want) {
  return ensure === 'present' ? `${name}\n` : null
}

/** Of what is built in, /sys/module has only what takes parameters, and a container may lack it. */
function isLoaded(name: string, { files }: Host) {
  if (linesOf('/proc/modules', files).some((line) => line.startsWith(`${name} `))) return true
  return files.stat(`/sys/module/${name}`) !== undefined || isBuiltIn(name, files)
}

function isBuiltIn(name: string, files: Host['files']) {
  const release = files.read('/proc/sys/kernel/osrelease').toString().trim()
  const lines = linesOf(`/lib/modules/${release}/modules.builtin`, files)
  return lines.some((line) => basename(line, '.ko').replaceAll('-', '_') === name)
}

async function modprobe(name: string, { ensure }: Want, flags: string[], host: Pick<Host, 'run'>) {
  const argv = ['modprobe', ...flags, ...(ensure === 'absent' ? ['--remove'] : []), '--', name]
  const result = await runIfThere(host, argv)
  if (!result) throw new Error(`There is no modprobe on this node. Declare pkg[kmod] before kernel_module[${name}].`)
  if (result.exitCode === 0) return
  const next =
    ensure === 'present'
      ? 'Correct the name, or install the kernel package that has it; in a container, load it on the host.'
      : 'What uses it must end first (lsmod names it); what is built into the kernel cannot be unloaded.'
  throw new Error(`${commandFailed(argv, result)} ${next}`)
}
