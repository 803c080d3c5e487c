import type { InstalledPackage } from '../../resources/host.ts'
import { readerOf } from './reader.ts'

/** All packages that dpkg knows, by name; those of a foreign architecture by `name:arch`. Format: dpkg's status file, deb-control(5). */
export function parseStatus(text: string): Map<string, InstalledPackage> {
  const found = new Map<string, InstalledPackage>()
  const stanzas = text.split('\n\n')
  // dpkg itself is always there, and of the machine's own architecture.
  const own = architectureOf(stanzas.find((stanza) => field(stanza, 'Package') === 'dpkg') ?? '')
  for (const stanza of stanzas) {
    const name = field(stanza, 'Package')
    if (name === undefined) continue
    const [want, , status = ''] = (field(stanza, 'Status') ?? '').split(' ')
    const arch = architectureOf(stanza)
    const key = arch === 'all' || arch === own ? name : `${name}:${arch}`
    found.set(key, { version: field(stanza, 'Version') ?? '', status, hold: want === 'hold' })
  }
  return found
}

function architectureOf(stanza: string) {
  return field(stanza, 'Architecture') ?? 'all'
}

function field(stanza: string, name: string) {
  const start = stanza.startsWith(`${name}: `) ? 0 : stanza.indexOf(`\n${name}: `) + 1
  if (start === 0 && !stanza.startsWith(`${name}: `)) return undefined
  const end = stanza.indexOf('\n', start)
  return stanza.slice(start + name.length + 2, end === -1 ? undefined : end)
}

/** Reads dpkg's status, and again only when the file is another. */
export function packageReader(path = '/var/lib/dpkg/status') {
  return readerOf(path, parseStatus, 'latin1')
}
