import { z } from 'zod'
import { Sha256 } from '../protocol/catalog.ts'
import type { Change } from '../protocol/events.ts'
import { defineResource, differences } from './define.ts'
import { download, downloadProps } from './files/download.ts'
import type { Host } from './host.ts'
import { Url, urlProblem } from './web/http-client.ts'
import { hashOf } from './files/large-hashes.ts'
import { keepOld } from './files/keep.ts'
import { accessDifferences, accessProps, resolveAccess } from './files/ownership.ts'
import { Path, presence } from './names.ts'

const Props = z.strictObject({
  ensure: z.enum(['present', 'absent']).default('present').describe('Whether the file is to be there.'),
  url: Url.describe('Where it is fetched from: by https:, and by http: only from this machine, or when `insecure`.'),
  sha256: Sha256.describe('The hash that it must have. Nothing else is ever put in place.'),
  ...accessProps('file'),
  ...downloadProps,
})
type Want = z.infer<typeof Props>

export const remoteFile = defineResource({
  type: 'remote_file',
  summary:
    'A file from elsewhere, known by its SHA-256. After a break the rest is asked for, by the next run too; it is never held in memory.',
  example: `remote_file('/usr/local/bin/greet', {
  url: 'https://releases.example.net:8443/greet-1.4',
  sha256: 'bfdeaeb08cffb6a36438bcd12dda25417e3cdd36f1e7e482a2849d539225288b',
  ca: '/etc/ssl/releases.pem',
  mode: '0755',
})`,
  name: Path,
  props: Props,
  problem: (_name, { url, insecure }) => urlProblem(url, insecure),
  paths: (path) => [path],
  owns: (path) => [path],

  check(path, want, host) {
    const found = host.files.stat(path)
    if (want.ensure === 'absent') return differences({ ensure: presence(found, 'file') }, { ensure: 'absent' })
    const regular = found?.kind === 'file' ? found : undefined
    return [
      ...(regular ? [] : differences({ ensure: presence(found, 'file') }, { ensure: 'present' })),
      ...differences({ content: regular && hashOf(path, host.files) }, { content: want.sha256 }),
      ...accessDifferences(regular, want, host),
    ]
  },

  async apply(path, want, host, changes) {
    const access = settle(path, want, host, changes)
    if (!access) return
    const candidate = await download(path, want, host)
    keepOld(
      path,
      host.files.stat(path),
      host,
      changes.find(({ what }) => what === 'content'),
    )
    host.files.adopt(candidate, path, access)
  },

  effects(path, want, foreseen, changes) {
    const access = settle(path, want, foreseen, changes)
    if (!access) return
    foreseen.files.adopt(path, path, access)
    foreseen.foresee(path, { kind: 'file', ...foreseen.files.stat(path), sha256: want.sha256 })
  },
})

/** Does all but the fetching. Gives the access of the file that is still to be fetched, if one is. */
function settle(path: string, want: Want, host: Host, changes: Change[]) {
  const found = host.files.stat(path)
  if (found && found.kind !== 'file' && found.kind !== 'link')
    throw new Error(
      `${path} is a ${found.kind}, which remote_file[${path}] does not touch. Remove it, or name another.`,
    )
  if (want.ensure === 'absent') {
    host.files.remove(path)
    return undefined
  }
  const access = resolveAccess(want, found?.kind === 'file' ? found : undefined, 0o644, host)
  if (changes.some(({ what }) => what === 'content')) return access
  host.files.setAccess(path, access)
  return undefined
}
