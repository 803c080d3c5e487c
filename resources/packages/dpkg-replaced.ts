import { createHash } from 'node:crypto'
import { baseOf, info, linesOf } from './dpkg-removal.ts'
import { stanzasOf, type Step } from './dpkg-status.ts'
import type { Foreseen } from '../host.ts'

/**
 * Of what a package has that is replaced by another version of it nobody knows what it will be, but for configuration that was changed here:
 * that is kept. Its units may be started and enabled anew.
 */
export function foreseeReplaced(steps: Step[], foreseen: Foreseen) {
  const replaced = steps.filter(
    ({ verb, name }) => verb === 'Inst' && foreseen.packages().get(name)?.status === 'installed',
  )
  if (replaced.length === 0) return
  const stanzas = stanzasOf(foreseen.files.read('/var/lib/dpkg/status').toString())
  for (const { name, version } of replaced) {
    const why = `${name} is to be replaced by version ${version}, and what that brings is not known`
    const kept = changedConffiles(stanzas.get(name) ?? '', foreseen)
    const paths = linesOf(`${info}/${baseOf(name, foreseen)}.list`, foreseen.files).filter((path) => !kept.has(path))
    const files = paths.filter((path) => ['file', 'link'].includes(foreseen.files.stat(path)?.kind ?? ''))
    const units = files.flatMap((path) => /^(?:\/usr)?\/lib\/systemd\/system\/([^/]+)$/.exec(path)?.[1] ?? [])
    foreseen.doubt(files, units, why)
  }
}

function changedConffiles(stanza: string, { files }: Foreseen) {
  const [, list = ''] = /^Conffiles:\n((?: .+\n?)*)/m.exec(stanza) ?? []
  const recorded = [...list.matchAll(/^ (\S.*) ([0-9a-f]{32})/gm)]
  return new Set(
    recorded.flatMap(([, path = '', md5]) => {
      if (files.stat(path)?.kind !== 'file') return []
      return createHash('md5').update(files.read(path)).digest('hex') === md5 ? [] : [path]
    }),
  )
}
