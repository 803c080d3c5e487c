import { basename } from 'node:path'
import type { Step } from './dpkg-status.ts'
import { foreseeGone } from '../foreseen/removal.ts'
import type { Files, Foreseen } from '../host.ts'

/** Where dpkg keeps which files a package brought: `NAME.list` or `NAME:ARCH.list` (dpkg(1)). */
export const info = '/var/lib/dpkg/info'

/**
 * Foresees what goes with packages: their files, except configuration unless purged, the directories that are then empty and nobody
 * else's, and their units. What their own scripts remove beside that is not foreseen.
 */
export function foreseeRemoved(steps: Step[], foreseen: Foreseen) {
  const { files } = foreseen
  const removed = steps.filter(({ verb, name }) => verb !== 'Inst' && foreseen.packages().has(name))
  if (removed.length === 0) return
  const going = removed.map(({ verb, name }) => ({ name, purged: verb === 'Purg', base: baseOf(name, foreseen) }))
  const others = files
    .list(info)
    .filter((file) => file.endsWith('.list') && !going.some(({ base }) => file === `${base}.list`))
  const paths = new Set(going.flatMap(({ base, purged }) => goingPaths(base, purged, files)))
  for (const file of others) for (const path of linesOf(`${info}/${file}`, files)) paths.delete(path)
  foreseeGone(paths, foreseen)
  for (const { name, purged, base } of going) foreseeStatus(name, purged, base, foreseen)
}

/** Of a package that was only foreseen to come there is no list. */
function goingPaths(base: string, purged: boolean, files: Files) {
  const conffiles = linesOf(`${info}/${base}.conffiles`, files).map((line) => line.replace(/^[^/]*/, ''))
  return linesOf(`${info}/${base}.list`, files).filter((path) => purged || !conffiles.includes(path))
}

function foreseeStatus(name: string, purged: boolean, base: string, foreseen: Foreseen) {
  const leaves = ['conffiles', 'postrm'].some((kind) => foreseen.files.stat(`${info}/${base}.${kind}`))
  const found = foreseen.packages().get(name)
  if (found && !purged && leaves) foreseen.packages().set(name, { ...found, status: 'config-files', hold: false })
  else foreseen.packages().delete(name)
}

export function baseOf(name: string, foreseen: Foreseen) {
  if (foreseen.files.stat(`${info}/${name}.list`)) return name
  const owns = foreseen.files.list(info).filter((file) => file.startsWith(`${name}:`) && file.endsWith('.list'))
  // Those of a foreign architecture are packages of their own.
  const own = owns.map((file) => basename(file, '.list')).find((base) => !foreseen.packages().has(base))
  return own ?? name
}

export function linesOf(path: string, files: Files) {
  return files.stat(path) ? files.read(path).toString().split('\n').filter(Boolean) : []
}
