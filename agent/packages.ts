import { readFileSync, statSync } from 'node:fs'
import type { InstalledPackage } from '../resources/define.ts'

/** Debian's names of the architectures that Node.js runs on. */
const architectures: Record<string, string> = { x64: 'amd64', arm64: 'arm64', ia32: 'i386', arm: 'armhf' }

/** All packages that dpkg knows, by name; those of a foreign architecture by `name:arch`. Format: dpkg's status file, deb-control(5). */
export function parseStatus(text: string, arch = architectures[process.arch]): Map<string, InstalledPackage> {
  const found = new Map<string, InstalledPackage>()
  for (const stanza of text.split('\n\n')) {
    const name = field(stanza, 'Package')
    if (name === undefined) continue
    const [want, , status = ''] = (field(stanza, 'Status') ?? '').split(' ')
    const own = field(stanza, 'Architecture') ?? 'all'
    const key = own === 'all' || own === arch ? name : `${name}:${own}`
    found.set(key, { version: field(stanza, 'Version') ?? '', status, hold: want === 'hold' })
  }
  return found
}

function field(stanza: string, name: string) {
  const start = stanza.startsWith(`${name}: `) ? 0 : stanza.indexOf(`\n${name}: `) + 1
  if (start === 0 && !stanza.startsWith(`${name}: `)) return undefined
  const end = stanza.indexOf('\n', start)
  return stanza.slice(start + name.length + 2, end === -1 ? undefined : end)
}

/** Reads dpkg's status, and again only when the file is another: dpkg replaces it by rename. */
export function packageReader(path = '/var/lib/dpkg/status') {
  let known = { key: '', packages: new Map<string, InstalledPackage>() }
  return () => {
    const stat = statSync(path, { throwIfNoEntry: false })
    const key = stat ? `${stat.ino} ${stat.size} ${stat.mtimeMs} ${stat.ctimeMs}` : 'none'
    if (key !== known.key) known = { key, packages: stat ? parseStatus(readFileSync(path, 'latin1')) : new Map() }
    return known.packages
  }
}
