import { basename } from 'node:path'
import type { Foreseen } from '../host.ts'

/** Foresees that a package takes these paths with it: files with the units among them, and the directories that are then empty. */
export function foreseeGone(paths: Iterable<string>, foreseen: Foreseen) {
  // What is in a directory goes before it.
  for (const path of [...paths].toSorted().toReversed()) foreseeOneGone(path, foreseen)
}

function foreseeOneGone(path: string, foreseen: Foreseen) {
  const { files } = foreseen
  const kind = files.stat(path)?.kind
  if (!kind || (kind === 'directory' && files.list(path).length > 0)) return
  foreseen.foresee(path, null)
  const unit = /^(?:\/usr)?\/lib\/systemd\/system\/([^/]+[^/@]\.[a-z]+)$/.exec(path)?.[1]
  if (unit === undefined) return
  foreseen.foreseeReload()
  foreseeStopped(unit, foreseen)
}

// Where its init script stays as configuration, systemd makes a unit of that.
function foreseeStopped(unit: string, foreseen: Foreseen) {
  const stopped = { ActiveState: 'inactive', SubState: 'dead', NeedDaemonReload: 'no' }
  const script = foreseen.files.stat(`/etc/init.d/${basename(unit, '.service')}`)
  const own = foreseen.files.stat(`/etc/systemd/system/${unit}`)
  if (own) foreseen.foreseeUnit(unit, stopped)
  else if (script) foreseen.foreseeUnit(unit, { ...stopped, LoadState: 'loaded', UnitFileState: 'generated' })
  else foreseen.foreseeUnit(unit, { ...stopped, LoadState: 'not-found', UnitFileState: '' })
}
