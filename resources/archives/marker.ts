import { join } from 'node:path'
import { z } from 'zod'
import { messageOf } from '../../protocol/errors.ts'
import type { Host } from '../host.ts'

/** In the directory of an archive: what was unpacked there, so that a look costs one small read. */
export const marker = '.trivet-archive'

const Marker = z.object({
  sha256: z.string(),
  strip: z.int(),
  owner: z.string().optional(),
  group: z.string().optional(),
})
export type Marker = z.infer<typeof Marker>

// Whoever owns the directory may have put something else there: only a small file is read.
export function readMarker(path: string, { files }: Host) {
  const at = join(path, marker)
  const found = files.stat(at)
  if (found?.kind !== 'file' || found.size > 4096) return undefined
  try {
    return Marker.safeParse(JSON.parse(files.read(at).toString())).data
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw new Error(`${at} cannot be read: ${messageOf(error)}`, { cause: error })
  }
}

export function markerText({ strip, owner, group }: Omit<Marker, 'sha256'>, sha256: string) {
  return `${JSON.stringify({ sha256, strip, owner, group })}\n`
}

/** That what would be replaced or removed was made by an archive, or is empty. */
export function assertOurs(path: string, force: boolean, host: Host) {
  const found = host.files.stat(path)
  if (found && found.kind !== 'directory')
    throw new Error(
      `${path} is a ${found.kind}, which archive[${path}] does not touch. Remove it, or name another path.`,
    )
  if (!found || force || readMarker(path, host) || host.files.list(path).length === 0) return
  throw new Error(
    `${path} has things in it that no archive brought. Remove them, or let archive[${path}] do so by \`force: true\`.`,
  )
}
