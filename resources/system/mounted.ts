import type { Change } from '../../protocol/events.ts'
import { differences } from '../define.ts'
import { type FstabEntry, unescaped } from './fstab.ts'
import { resolved } from '../files/resolved.ts'
import { linesOf } from '../files/text-file.ts'
import type { Host } from '../host.ts'

const mountInfo = '/proc/self/mountinfo'

/** What the kernel says of one mount. */
export interface Mounted {
  device: string
  type: string
  options: string[]
}

const tags: Record<string, string> = { UUID: 'uuid', LABEL: 'label', PARTUUID: 'partuuid', PARTLABEL: 'partlabel' }
/** Those that the kernel shows for every file system, in the words of mount(8). Others it shows in words of its own, or not at all. */
const flags = ['ro', 'nosuid', 'nodev', 'noexec', 'noatime', 'nodiratime']
/** Each stands for some of the flags. */
const implying = ['user', 'users', 'owner', 'group']

/** All that is mounted at the path, the uppermost last. */
export function mountsAt(path: string, files: Host['files']): Mounted[] {
  return linesOf(mountInfo, files).flatMap((line) => {
    const [before = '', after = ''] = line.split(' - ')
    const [, , , , at = '', options = ''] = before.split(' ')
    const [type = '', device = '', ofDevice = ''] = after.split(' ')
    const isReadOnly = ofDevice.split(',').includes('ro')
    const all = [...options.split(','), ...(isReadOnly ? ['ro'] : [])]
    return unescaped(at) === path ? [{ device: unescaped(device), type, options: all }] : []
  })
}

/** That a directory can be removed without what is on other file systems, or elsewhere in this one, and only mounted in it. */
export function assertNothingMounted(path: string, files: Host['files']) {
  const [mounted] = mountsIn(path, files)
  if (mounted === undefined) return
  throw new Error(
    `Something is mounted at ${mounted}, which is not removed with ${path}. Unmount it first, or leave it where it is.`,
  )
}

/** Where something is mounted: at the path itself, or below it. */
export function mountsIn(path: string, files: Host['files']): string[] {
  const real = resolved(path, files)
  return linesOf(mountInfo, files)
    .map((line) => unescaped(line.split(' ')[4] ?? ''))
    .filter((at) => at === real || at.startsWith(`${real}/`))
}

/** What is mounted otherwise than the line of fstab says, as far as the kernel shows it. */
export function mountDifferences(found: Mounted, wanted: FstabEntry, files: Host['files']): Change[] {
  const options = wanted.options.split(',')
  const isBind = options.includes('bind') || options.includes('rbind')
  const device = isBind ? undefined : comparable(wanted.device, files)
  const isType =
    isBind || wanted.type === 'auto' || found.type.startsWith(wanted.type) || wanted.type.startsWith('fuse')
  const shown = flags.filter((flag) => options.includes(flag)).join(',')
  return [
    ...differences({ device: resolved(found.device, files) }, { device }),
    ...(isType ? [] : differences({ type: found.type }, { type: wanted.type })),
    ...(options.some((option) => implying.includes(option))
      ? []
      : differences({ options: flags.filter((flag) => found.options.includes(flag)).join(',') }, { options: shown })),
  ]
}

/** Undefined for what the kernel shows as something else, such as the loop device of an image. */
function comparable(device: string, files: Host['files']) {
  const [tag = '', value = ''] = device.split('=')
  const path = tags[tag] ? `/dev/disk/by-${tags[tag]}/${value}` : device
  if (!path.startsWith('/')) return path
  return path.startsWith('/dev/') && files.stat(path) ? resolved(path, files) : undefined
}
