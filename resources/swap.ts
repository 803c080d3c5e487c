import { z } from 'zod'
import { commandFailed, defineResource, differences, must } from './define.ts'
import { entryDifferences, fstab, type FstabEntry, putEntry, tellSystemd } from './system/fstab.ts'
import { heldBy, inUse, isSwap } from './system/swaps.ts'
import type { Host } from './host.ts'
import { Path } from './names.ts'

const Props = z.strictObject({
  ensure: z
    .enum(['present', 'absent'])
    .default('present')
    .describe('Whether it is used, now and at boot. A file that is absent is removed; a device keeps what is on it.'),
  size: z
    .string()
    .regex(/^[1-9]\d*[MG]$/, 'must be a size in MiB or GiB, such as 512M or 4G')
    .optional()
    .describe(
      'How large a swap file is made: 512M, 4G. Left out, the name is a device, or a file that is there already.',
    ),
  priority: z
    .int()
    .min(0)
    .max(32_767)
    .optional()
    .describe('Those of higher priority are used first. Left out, it is not managed.'),
})
type Want = z.infer<typeof Props>

export const swap = defineResource({
  type: 'swap',
  summary:
    'A swap file, which it makes, or a device: used now, and at each boot by /etc/fstab. A container has none of its own.',
  example: `swap('/swapfile', { size: '512M' })`,
  name: Path,
  props: Props,
  problem: (path, { ensure, size }) =>
    size !== undefined && (ensure === 'absent' || path.startsWith('/dev/'))
      ? 'has a size, which only a file has that is to be there. Leave it out.'
      : undefined,
  unwanted: (want): Want => ({ ...want, ensure: 'absent', size: undefined }),
  paths: (path) => [fstab, path],
  edits: () => fstab,

  check(path, want, { files }) {
    const found = files.stat(path)
    const used = inUse(path, files)
    const wanted = entryOf(path, want)
    const isPresent = want.ensure === 'present'
    const size = found?.kind === 'file' ? String(found.size) : found?.kind
    const isOpen = found?.kind === 'file' && (found.mode & 0o077) !== 0
    return [
      ...differences({ size }, { size: want.size && String(bytesOf(want.size)) }),
      ...(!isPresent && found?.kind === 'file' ? [{ what: 'file', from: 'present', to: 'absent' }] : []),
      ...(isPresent && isOpen ? [{ what: 'mode', from: found.mode.toString(8), to: '600' }] : []),
      ...differences({ used: String(used !== undefined) }, { used: String(isPresent) }),
      ...(used
        ? differences({ priority: used.priority }, { priority: isPresent ? want.priority?.toString() : undefined })
        : []),
      ...entryDifferences(at(path), wanted, files),
    ]
  },

  // The line comes last: one that cannot be used would hold up the next boot.
  async apply(path, want, host, changes) {
    const changed = new Set(changes.map(({ what }) => what))
    const isUsed = inUse(path, host.files) !== undefined
    await assertSwap(path, want, host, host)
    if (isUsed && ['size', 'priority', 'used', 'file'].some((what) => changed.has(what)))
      await must(host, ['swapoff', '--', path])
    if (changed.has('file')) host.files.remove(path)
    if (changed.has('size')) await makeFile(path, want, host)
    if (changed.has('mode')) host.files.setAccess(path, { mode: 0o600, uid: -1, gid: -1 })
    if (want.ensure === 'present') await use(path, want, host)
    if (!changed.has('fstab')) return
    await putEntry(at(path), entryOf(path, want), host)
    await tellSystemd(host)
  },

  async effects(path, want, foreseen, changes) {
    await assertSwap(path, want, foreseen, { run: foreseen.look })
    if (want.size !== undefined)
      foreseen.foresee(path, { kind: 'file', size: bytesOf(want.size), mode: 0o600, uid: 0, gid: 0 })
    if (changes.some(({ what }) => what === 'file')) foreseen.foresee(path, null)
    if (changes.some(({ what }) => what === 'fstab')) await putEntry(at(path), entryOf(path, want), foreseen)
  },
})

function at(path: string) {
  return ({ device, type }: FstabEntry) => type === 'swap' && device === path
}

function entryOf(path: string, { ensure, priority }: Want): FstabEntry | null {
  const options = priority === undefined ? 'sw' : `sw,pri=${priority}`
  return ensure === 'absent' ? null : { device: path, path: 'none', type: 'swap', options, dump: 0, pass: 0 }
}

function bytesOf(size: string) {
  return Number.parseInt(size, 10) * (size.endsWith('G') ? 1024 ** 3 : 1024 ** 2)
}

/** Whatever else lies there is not written over. */
async function assertSwap(path: string, { ensure, size }: Want, { files }: Host, host: Pick<Host, 'run'>) {
  const found = files.stat(path)
  if (inUse(path, files) || (!found && (ensure === 'absent' || size !== undefined))) return
  if (!found)
    throw new Error(`There is no ${path}. Give swap[${path}] a size, or declare what brings the device first.`)
  const held = await heldBy(path, host)
  if (isSwap(held)) return
  if (found.kind === 'file' || (held !== '' && ensure === 'present'))
    throw new Error(
      `${path} holds something that is no swap, and is left alone. Move it away or, if nobody needs it, remove it; a device is emptied by wipefs.`,
    )
}

/** Under another name until it is whole. */
async function makeFile(path: string, { size = '' }: Want, host: Host) {
  const { files } = host
  const candidate = `${path}.trivet-new`
  for (const old of [path, candidate]) if (files.stat(old)) files.remove(old)
  await files.write(candidate, Buffer.alloc(0), { mode: 0o600, uid: -1, gid: -1 })
  await must(host, ['fallocate', '--length', String(bytesOf(size)), '--', candidate])
  await must(host, ['mkswap', '--', candidate])
  files.adopt(candidate, path, { mode: 0o600, uid: -1, gid: -1 })
}

async function use(path: string, { priority }: Want, host: Host) {
  if (inUse(path, host.files)) return
  if (!isSwap(await heldBy(path, host))) await must(host, ['mkswap', '--', path])
  const argv = ['swapon', ...(priority === undefined ? [] : ['--priority', String(priority)]), '--', path]
  const result = await host.run(argv)
  if (result.exitCode !== 0)
    throw new Error(
      `${commandFailed(argv, result)} The file system of a swap file must take one: ext4 and xfs do, an overlay does not; a container needs swap of its host.`,
    )
}
