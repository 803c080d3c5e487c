import { z } from 'zod'
import { commandFailed, defineResource, differences } from './define.ts'
import { entryDifferences, findEntry, fstab, type FstabEntry, putEntry, tellSystemd } from './system/fstab.ts'
import type { Host } from './host.ts'
import { mountDifferences, type Mounted, mountsAt } from './system/mounted.ts'
import { Path } from './names.ts'

const Field = z.string().regex(/^[^\s\0]+$/, 'cannot contain blanks')

const Props = z.strictObject({
  ensure: z
    .enum(['mounted', 'present', 'unmounted', 'absent'])
    .default('mounted')
    .describe(
      'mounted: now and at boot; present: only in /etc/fstab; unmounted: there, and not mounted; absent: neither.',
    ),
  device: z
    .string()
    .regex(/^[^\n\0]+$/, 'must be one line')
    .optional()
    .describe('What is mounted, as fstab(5) has it: /dev/sdb1, UUID=…, nas:/export, tmpfs.'),
  fstype: Field.optional().describe('The kind of file system, such as ext4, nfs or tmpfs; none for a bind.'),
  options: z
    .array(z.string().regex(/^[^\s,\0]+$/, 'must be one option each, without blanks'))
    .min(1)
    .default(['defaults'])
    .describe('As in mount(8). A change is made by a remount, so one that only a fresh mount takes needs that.'),
  dump: z.int().min(0).max(9).default(0).describe('The fifth field of fstab(5).'),
  pass: z.int().min(0).max(2).default(0).describe('The sixth field of fstab(5): when fsck looks at it.'),
})
type Want = z.infer<typeof Props>

export const mount = defineResource({
  type: 'mount',
  summary: 'A file system at a path: its line in /etc/fstab, and whether it is mounted. Its directory must be there.',
  example: `mount('/mnt', { device: 'tmpfs', fstype: 'tmpfs', options: ['size=16m', 'mode=0755', 'nosuid', 'nodev'] })`,
  name: Path,
  props: Props,
  problem: (_name, { ensure, device, fstype }) =>
    ensure === 'absent' || (device !== undefined && fstype !== undefined)
      ? undefined
      : 'needs a device and a fstype, unless it is absent.',
  paths: () => [fstab],
  edits: () => fstab,

  check(path, want, { files }) {
    const wanted = entryOf(path, want)
    const found = uppermost(path, want, files)
    const isMounted = want.ensure === 'present' ? undefined : String(want.ensure === 'mounted')
    return [
      ...entryDifferences(at(path), wanted, files),
      ...differences({ mounted: String(found !== undefined) }, { mounted: isMounted }),
      ...(found && wanted && want.ensure === 'mounted' && found.type !== 'autofs'
        ? mountDifferences(found, wanted, files)
        : []),
    ]
  },

  // Mounted first: a line that cannot be mounted would hold up the next boot.
  async apply(path, want, host, changes) {
    const changed = new Set(changes.map(({ what }) => what))
    const wanted = entryOf(path, want)
    const isOther = changed.has('device') || changed.has('type')
    const isOff = changed.has('mounted') && want.ensure !== 'mounted'
    if (isOther || isOff) await unmountAll(path, host)
    if (wanted && want.ensure === 'mounted') {
      assertDirectory(path, host.files)
      const before = findEntry(at(path), host.files)
      if (isOther || changed.has('mounted')) await run(mountArgv(wanted), host)
      else if (changed.has('options') || before?.options !== wanted.options) await run(remountArgv(wanted), host)
    }
    if (!changed.has('fstab')) return
    await putEntry(at(path), wanted, host)
    await tellSystemd(host)
  },

  async effects(path, want, foreseen, changes) {
    const changed = new Set(changes.map(({ what }) => what))
    if (want.ensure === 'mounted') assertDirectory(path, foreseen.files)
    if (changed.has('fstab')) await putEntry(at(path), entryOf(path, want), foreseen)
    if (!changed.has('mounted') && !changed.has('device') && !changed.has('type')) return
    const isEmpty = want.ensure === 'mounted' && want.fstype === 'tmpfs'
    foreseen.foresee(path, { kind: 'directory', uid: 0, gid: 0, mode: isEmpty ? tmpfsMode(want) : 0o755 })
    if (!isEmpty) foreseen.mayBring(`what lies at ${path} after mount[${path}]`)
  },
})

function at(path: string) {
  return (entry: FstabEntry) => entry.path === path
}

function entryOf(path: string, want: Want): FstabEntry | null {
  const { ensure, device = '', fstype = '', options, dump, pass } = want
  return ensure === 'absent' ? null : { device, path, type: fstype, options: options.join(','), dump, pass }
}

/** systemd's automount, which stands in for what it is to mount, is not what is meant. */
function uppermost(path: string, want: Want, files: Host['files']): Mounted | undefined {
  const all = mountsAt(path, files)
  const isAutomount = want.ensure === 'mounted' && want.options.includes('x-systemd.automount')
  return all.findLast(({ type }) => type !== 'autofs') ?? (isAutomount ? all.at(-1) : undefined)
}

function assertDirectory(path: string, files: Host['files']) {
  if (files.stat(path)?.kind !== 'directory')
    throw new Error(`There is no directory ${path} to mount on. Declare directory[${path}] before mount[${path}].`)
}

function mountArgv({ device, path, type, options }: FstabEntry) {
  return ['mount', '-t', type, '-o', options, '--', device, path]
}

function remountArgv(entry: FstabEntry) {
  return mountArgv({ ...entry, options: `remount,${entry.options}` })
}

async function unmountAll(path: string, host: Host) {
  const count = mountsAt(path, host.files).length
  for (let done = 0; done < count; done++) await run(['umount', '--', path], host)
}

/** What serves the file system, as FUSE has it, outlives the agent. */
async function run(argv: string[], host: Host) {
  const result = await host.run(argv, { outlives: true })
  if (result.exitCode === 0) return
  const next = result.stderr.includes('busy') ? ` Who uses it: fuser -vm ${argv.at(-1)}` : ''
  throw new Error(`${commandFailed(argv, result)}${next}`)
}

function tmpfsMode({ options }: Want) {
  const mode = options.findLast((option) => option.startsWith('mode='))?.slice('mode='.length)
  return mode === undefined ? 0o1777 : Number.parseInt(mode, 8)
}
