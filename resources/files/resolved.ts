import { basename, dirname, join, resolve } from 'node:path'
import type { Files } from '../host.ts'

/** What lies at the end of links: `/dev/disk/by-uuid/…` → `/dev/sda1`. */
export function resolved(path: string, files: Files, links = 40): string {
  if (!path.startsWith('/') || path === '/' || links === 0) return path
  const at = join(resolved(dirname(path), files, links), basename(path))
  return files.stat(at)?.kind === 'link' ? resolved(resolve(dirname(at), files.readLink(at)), files, links - 1) : at
}
