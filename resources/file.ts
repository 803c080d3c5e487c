import { z } from 'zod'
import { Argv } from '../protocol/argv.ts'
import { BlobRef } from '../protocol/catalog.ts'
import { unlessMissing } from '../protocol/errors.ts'
import type { Change } from '../protocol/events.ts'
import { defineResource, differences } from './define.ts'
import type { Found, Host } from './host.ts'
import { accepted } from './files/accepted.ts'
import { diffOf, largest } from './files/diff.ts'
import { keepOld } from './files/keep.ts'
import { accessDifferences, accessProps, resolveAccess } from './files/ownership.ts'
import { sideBySide } from './files/side-by-side.ts'
import { Path, presence } from './names.ts'

/** A file of more bytes is hashed only where its size does not tell already, so that one that has grown by mistake stops no run. */
const largeBytes = 1024 * 1024

const Props = z.strictObject({
  ensure: z.enum(['present', 'absent']).default('present').describe('Whether the file is to be there.'),
  content: BlobRef.optional().describe(
    'What is in it: text, a template or a source. Left out, the content is not managed.',
  ),
  ...accessProps('file'),
  verify: Argv.optional().describe(
    'A command that must accept the new content before it goes live; `{}` stands for the path of the candidate.',
  ),
  backup: z
    .boolean()
    .default(true)
    .describe('Whether the node keeps what is replaced or removed, where it has at most 16 MiB.'),
})
export type FileWant = z.infer<typeof Props>

export const file = defineResource({
  type: 'file',
  summary: 'A regular file: its content, mode and owner. It is replaced as a whole, so that nobody reads half of it.',
  example: `file('/etc/haproxy/haproxy.cfg', {
  content: template('haproxy.cfg.njk', { backends: ['10.0.0.7:8000'] }),
  mode: '0640',
  owner: 'root',
  group: 'haproxy',
  verify: ['haproxy', '-c', '-f', '{}'],
  notifies: { reload: 'service[haproxy]' },
})`,
  name: Path,
  props: Props,
  blobs: ['content'],
  paths: (path) => [path],
  owns: (path, { ensure, content }) => (content || ensure === 'absent' ? [path] : []),
  check: checkFile,
  apply: applyFile,
  applyMany: (differing, host) =>
    sideBySide(
      differing,
      ({ want }) => want.content?.bytes ?? 0,
      ({ name, want, changes }, turn) => applyFile(name, want, host, changes, turn),
    ),
  // A run that is cancelled, or watched, waits for no more than these.
  manyAtMost: 64,
  problem: (_name, { ensure, content, verify }) => {
    if (ensure === 'absent' && content) return 'is to be absent, so it can have no content. Leave one of the two out.'
    if (verify && !verify.some((word) => word.includes('{}')))
      return "has a verify that never looks at the candidate. Write '{}' where its path belongs."
    return undefined
  },
})

export function checkFile(path: string, want: FileWant, host: Host): Change[] | Promise<Change[]> {
  const found = host.files.stat(path)
  if (want.ensure === 'absent') return differences({ ensure: presence(found, 'file') }, { ensure: 'absent' })
  const regular = found?.kind === 'file' ? found : undefined
  const sha256 = regular && want.content && contentOf(path, regular, want.content, host)
  const changes = [
    ...(found
      ? regular
        ? []
        : [typeChange(path, found, host)]
      : differences({ ensure: 'absent' }, { ensure: 'present' })),
    ...differences({ content: sha256 }, { content: want.content?.sha256 }),
    ...accessDifferences(regular, want, host),
  ]
  const content = changes.find(({ what }) => what === 'content')
  return content && want.content
    ? withDiff(changes, content, path, regular, host.readBlob(want.content), host)
    : changes
}

// A large file of another size needs no reading to be another.
function contentOf(path: string, { size }: Found, { bytes }: BlobRef, { files }: Host) {
  return size > largeBytes && size !== bytes ? `${size} bytes` : files.hash(path)
}

function typeChange(path: string, { kind }: Found, { files }: Host): Change {
  return { what: 'type', from: kind === 'link' ? `link to ${files.readLink(path)}` : kind, to: 'file' }
}

async function withDiff(
  changes: Change[],
  content: Change,
  path: string,
  found: Found | undefined,
  after: Buffer,
  { files }: Host,
) {
  content.diff =
    found && found.size > largest
      ? `too long to show: ${found.size} bytes → ${after.length} bytes`
      : await diffOf(found ? files.read(path) : null, after, path)
  return changes
}

/** When it is its `turn`, all before it are in place: it is made ready before, and put in place then. */
export async function applyFile(
  path: string,
  want: FileWant,
  host: Host,
  changes: Change[],
  turn: Promise<void> = Promise.resolve(),
) {
  const found = host.files.stat(path)
  const regular = found?.kind === 'file' ? found : undefined
  if (found && !regular && found.kind !== 'link')
    throw new Error(`${path} is a ${found.kind}, which file[${path}] does not touch. Remove it, or name another path.`)
  if (want.backup) keepOld(path, regular, host, goingIn(changes))
  if (want.ensure === 'absent') return turn.then(() => host.files.remove(path))
  const access = resolveAccess(want, regular, 0o644, host)
  if (regular && !changes.some(({ what }) => what === 'content'))
    return turn.then(() => host.files.setAccess(path, access))
  const bytes = want.content ? host.readBlob(want.content) : readThrough(path, host)
  await host.files.write(path, bytes, access, async (candidate) => {
    await turn
    await accepted(candidate, want, host)
  })
}

/** The change by which the old bytes go. */
function goingIn(changes: Change[]) {
  return changes.find(({ what, to }) => what === 'content' || to === 'absent')
}

/** A link whose content is not managed becomes a file with the bytes that it led to. */
function readThrough(path: string, { files }: Host) {
  try {
    return files.read(path)
  } catch (error) {
    return unlessMissing(error) ?? Buffer.alloc(0)
  }
}
