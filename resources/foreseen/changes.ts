import { join } from 'node:path'
import type { Files, Foreseen } from '../host.ts'

/** A file at or below one of these paths that the plan foresees to be other than it is; undefined: none. */
export async function changedByPlan(paths: string[], { files, look }: Foreseen) {
  // A path that is not there makes find complain, and is no file.
  const { stdout } = await look(['find', ...paths, '-type', 'f', '-exec', 'sha256sum', '--', '{}', '+'])
  const real = new Map(
    [...stdout.matchAll(/^([0-9a-f]{64}) {2}(.+)$/gm)].map(([, hash = '', path = '']) => [path, hash]),
  )
  const will = new Set(paths.flatMap((path) => filesBelow(path, files)))
  return (
    [...real.keys()].find((path) => !will.has(path)) ?? [...will].find((path) => files.hash(path) !== real.get(path))
  )
}

function filesBelow(path: string, files: Files): string[] {
  const kind = files.stat(path)?.kind
  if (kind === 'file') return [path]
  return kind === 'directory' ? files.list(path).flatMap((name) => filesBelow(join(path, name), files)) : []
}
