import { dirname } from 'node:path'
import type { Change } from '../../protocol/events.ts'
import { keyBytes, keySuffix, type KeyWant, wantedHash } from './apt-key.ts'
import { output, refreshListsOf } from './apt.ts'
import { differences } from '../define.ts'
import type { Foreseen, Host } from '../host.ts'
import { textDifferences } from '../files/text-file.ts'

export interface SourceWant extends KeyWant {
  ensure: 'present' | 'absent'
  uris: string[]
  suites: string[]
  components: string[]
  architectures: string[]
  withSources: boolean
  keyring?: string | undefined
  options: Record<string, string>
}

export interface SourcePaths {
  sources: string
  /** Without its suffix. */
  key: string
}

const access = { mode: 0o644, uid: -1, gid: -1 }

export function keyPaths({ key }: SourcePaths) {
  return [`${key}.asc`, `${key}.gpg`]
}

export async function checkSource(paths: SourcePaths, want: SourceWant, host: Host): Promise<Change[]> {
  const key = want.ensure === 'present' ? keyPath(paths, want, host) : undefined
  const left = keyPaths(paths).filter((path) => path !== key && host.files.stat(path))
  return [
    ...(key === undefined ? [] : differences({ key: hashAt(key, host) }, { key: wantedHash(want) })),
    ...left.map((path) => ({ what: 'old key', from: path, to: 'absent' })),
    ...(await textDifferences('sources', paths.sources, key === undefined ? null : textOf(want, key), host)),
  ]
}

/** What does not work in the end changes nothing: the node keeps the sources and the key that it had. */
export async function putSource(paths: SourcePaths, want: SourceWant, host: Host) {
  const { files } = host
  const all = [paths.sources, ...keyPaths(paths)]
  const before = all.map((path) => [path, files.stat(path) && files.read(path)] as const)
  try {
    const key = want.keyring ?? (await putKey(paths, want, host))
    await files.write(paths.sources, Buffer.from(textOf(want, key)), access, (candidate) => fetchLists(candidate, host))
    // One that contradicts another source would keep apt from reading any.
    await output(host, ['apt-get', 'indextargets'])
    for (const path of keyPaths(paths)) if (path !== key && files.stat(path)) files.remove(path)
  } catch (error) {
    for (const [path, bytes] of before) {
      if (bytes) await files.write(path, bytes, access)
      else if (files.stat(path)) files.remove(path)
    }
    throw error
  }
}

export function removeSource(paths: SourcePaths, { files }: Host) {
  for (const path of [paths.sources, ...keyPaths(paths)]) if (files.stat(path)) files.remove(path)
}

/** As `putSource`, but that nothing is fetched: neither lists nor a key. */
export async function foreseeSource(paths: SourcePaths, want: SourceWant, foreseen: Foreseen) {
  const key = keyPath(paths, want, foreseen)
  removeSource(paths, foreseen)
  const sha256 = wantedHash(want)
  if (sha256 !== undefined) {
    needFolderOf(key, foreseen)
    foreseen.foresee(key, {
      kind: 'file',
      mode: access.mode,
      sha256,
      ...(want.key && { bytes: foreseen.readBlob(want.key) }),
    })
  }
  await foreseen.files.write(paths.sources, Buffer.from(textOf(want, key)), access)
}

function keyPath(paths: SourcePaths, want: SourceWant, host: Host) {
  if (want.keyring !== undefined) return want.keyring
  const there = keyPaths(paths).find((path) => hashAt(path, host) === wantedHash(want))
  return there ?? paths.key + keySuffix(want.key ? host.readBlob(want.key) : null, want.keyUrl)
}

function hashAt(path: string, { files }: Host) {
  return files.stat(path)?.kind === 'file' ? files.hash(path) : undefined
}

async function putKey(paths: SourcePaths, want: SourceWant, host: Host) {
  const there = keyPaths(paths).find((path) => hashAt(path, host) === wantedHash(want))
  if (there !== undefined) return there
  const bytes = await keyBytes(want, host)
  const path = paths.key + keySuffix(bytes)
  needFolderOf(path, host)
  await host.files.write(path, bytes, access)
  return path
}

function needFolderOf(path: string, { files }: Host) {
  if (!files.stat(dirname(path))) files.makeDirectory(dirname(path), { ...access, mode: 0o755 })
}

async function fetchLists(sources: string, host: Host) {
  const trouble = await refreshListsOf(sources, host)
  if (trouble !== undefined)
    throw new Error(
      `The lists of the repository cannot be fetched, so nothing was changed. Look at its URI, suites and key. ${trouble}`,
    )
}

function textOf({ withSources, uris, suites, components, architectures, options }: SourceWant, key: string) {
  const fields = {
    Types: withSources ? ['deb', 'deb-src'] : ['deb'],
    URIs: uris,
    Suites: suites,
    Components: components,
    Architectures: architectures,
    ...Object.fromEntries(Object.entries(options).map(([field, value]) => [field, [value]])),
    'Signed-By': [key],
  }
  const lines = Object.entries(fields).flatMap(([field, words]) =>
    words.length > 0 ? [`${field}: ${words.join(' ')}\n`] : [],
  )
  return lines.join('')
}
