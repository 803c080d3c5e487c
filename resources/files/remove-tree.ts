import type { Host } from '../host.ts'
import { assertNothingMounted } from '../system/mounted.ts'

/** A directory with all that is in it, but never what is only mounted there. */
export function removeTree(path: string, { files }: Host) {
  assertNothingMounted(path, files)
  files.removeTree(path)
}
