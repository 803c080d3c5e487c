import { resolved } from '../files/resolved.ts'
import type { Host } from '../host.ts'
import { unescaped } from './fstab.ts'

/** What the kernel says of it: its line in /proc/swaps. */
export function inUse(path: string, files: Host['files']) {
  const real = resolved(path, files)
  const rows = files.read('/proc/swaps').toString().trim().split('\n').slice(1)
  const row = rows.map((line) => line.split(/\s+/)).find(([name = '']) => unescaped(name) === real)
  return row && { priority: row[4] }
}

/** What blkid finds in it; '' where it finds nothing. */
export async function heldBy(path: string, host: Pick<Host, 'run'>) {
  const { stdout } = await host.run(['blkid', '-p', '-o', 'export', '--', path])
  return stdout.trim()
}

export function isSwap(held: string) {
  return /^TYPE=swap$/m.test(held)
}
