import type { Change } from '../../protocol/events.ts'
import { differences, must } from '../define.ts'
import type { Host } from '../host.ts'
import { putText } from '../files/text-file.ts'

export const fstab = '/etc/fstab'

/** One line of fstab(5). */
export interface FstabEntry {
  device: string
  /** `none` for swap. */
  path: string
  type: string
  options: string
  dump: number
  pass: number
}

type IsMine = (entry: FstabEntry) => boolean

export function findEntry(isMine: IsMine, files: Host['files']) {
  return linesOf(files)
    .map(entryOf)
    .find((entry) => entry !== undefined && isMine(entry))
}

/** Null: no line is to be there. */
export function entryDifferences(isMine: IsMine, wanted: FstabEntry | null, files: Host['files']): Change[] {
  const found = findEntry(isMine, files)
  return differences({ fstab: found ? lineOf(found) : 'absent' }, { fstab: wanted ? lineOf(wanted) : 'absent' })
}

/** In the place of the first line that is it, without further ones; at the end where there is none. */
export async function putEntry(isMine: IsMine, wanted: FstabEntry | null, host: Host) {
  const lines = linesOf(host.files)
  const mine = lines.flatMap((line, index) => (isLineOf(isMine, line) ? [index] : []))
  const line = wanted ? [lineOf(wanted)] : []
  const kept = lines.flatMap((one, index) => (index === mine[0] ? line : mine.includes(index) ? [] : [one]))
  const text = [...kept, ...(mine.length > 0 ? [] : line)].map((one) => `${one}\n`).join('')
  await putText(fstab, text, host)
}

/** Else systemd goes by units that it made of the old lines, and may undo what is mounted. */
export async function tellSystemd(host: Host) {
  await must(host, ['systemctl', 'daemon-reload'])
}

function linesOf(files: Host['files']) {
  if (!files.stat(fstab)) return []
  const text = files.read(fstab).toString()
  return (text.endsWith('\n') ? text.slice(0, -1) : text).split('\n')
}

function isLineOf(isMine: IsMine, line: string) {
  const entry = entryOf(line)
  return entry !== undefined && isMine(entry)
}

function entryOf(line: string): FstabEntry | undefined {
  if (/^\s*(#|$)/.test(line)) return undefined
  const [device = '', path = '', type = '', options = 'defaults', dump = '0', pass = '0'] = line
    .trim()
    .split(/\s+/)
    .map(unescaped)
  return { device, path, type, options, dump: Number(dump), pass: Number(pass) }
}

function lineOf({ device, path, type, options, dump, pass }: FstabEntry) {
  return [device, path, type, options, String(dump), String(pass)].map(escaped).join('\t')
}

function escaped(field: string) {
  return field.replace(/[\s\\#]/g, (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`)
}

/** Of fstab, and of what the kernel lists: `/mnt/a\040b`. */
export function unescaped(field: string) {
  return field.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
}
