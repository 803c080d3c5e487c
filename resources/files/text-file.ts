import { sha256 } from '../../protocol/catalog.ts'
import type { Change } from '../../protocol/events.ts'
import { diffOf } from './diff.ts'
import type { Files, Host } from '../host.ts'

/** Compares a small file, of which a type writes every byte, with its text; null: nothing is to be there. */
export async function textDifferences(what: string, path: string, text: string | null, { files }: Host) {
  const found = files.stat(path)
  if (text === null) return found ? [{ what, from: found.kind, to: 'absent' }] : []
  const before = found?.kind === 'file' ? files.read(path) : null
  const after = Buffer.from(text)
  if (before?.equals(after)) return []
  const from = before ? sha256(before) : (found?.kind ?? null)
  const change: Change = { what, from, to: sha256(after), diff: await diffOf(before, after, path) }
  return [change]
}

/** None where there is no file. */
export function linesOf(path: string, files: Files) {
  return files.stat(path) ? files.read(path).toString().split('\n') : []
}

/** For a folder of drop-in files that not every machine has. */
export function makeMissing(folder: string, { files }: Host) {
  if (!files.stat(folder)) files.makeDirectory(folder, { mode: 0o755, uid: -1, gid: -1 })
}

/** Makes it so. An old file keeps its mode and owner; a new one may be read by all. */
export async function putText(path: string, text: string | null, { files }: Host) {
  const found = files.stat(path)
  if (text === null) return found && files.remove(path)
  const mode = found?.kind === 'file' ? found.mode : 0o644
  await files.write(path, Buffer.from(text), { mode, uid: found?.uid ?? -1, gid: found?.gid ?? -1 })
}
