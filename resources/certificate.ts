import { z } from 'zod'
import { BlobRef, sha256 } from '../protocol/catalog.ts'
import type { Change } from '../protocol/events.ts'
import { describe, fingerprintOf, type Identity, misfit, readIdentity, untimely } from './system/certificate-pem.ts'
import { defineResource, differences } from './define.ts'
import type { Host } from './host.ts'
import { Owner, Path, presence } from './names.ts'
import { type Access, accessDifferences, resolveAccess } from './files/ownership.ts'

/** Whatever is larger is no certificate, and not read to be told apart. */
const mostBytes = 1024 * 1024

const Props = z.strictObject({
  ensure: z.enum(['present', 'absent']).default('present').describe('Whether certificate and key are to be there.'),
  cert: BlobRef.optional().describe('The certificate, PEM.'),
  chain: BlobRef.optional().describe('Those that vouch for it, PEM, each by the next. They follow it in the file.'),
  key: BlobRef.optional().describe('The private key, PEM without a passphrase. It is in no event, diff or log.'),
  keyPath: Path.optional().describe(
    'Where the key goes. Left out, it goes into the file of the certificate, as HAProxy wants it.',
  ),
  owner: Owner.default('root').describe('Who owns both files.'),
  group: Owner.optional().describe(
    "The group that may read the key, whose mode is '0640' then; left out, it is '0600'.",
  ),
  daysLeft: z
    .int()
    .min(0)
    .max(3650)
    .default(0)
    .describe('How many days it must still hold, so that one is missed before it expires.'),
})
type Want = z.infer<typeof Props>

export const certificate = defineResource({
  type: 'certificate',
  summary:
    'A certificate with its key, from the server. They go live only if they fit each other, the chain holds and nothing has expired; later it fails when it expires.',
  example: `certificate('/etc/ssl/certs/web.pem', {
  cert: source('web.pem'),
  key: source('web.key'),
  keyPath: '/etc/ssl/private/web.key',
  group: 'www-data',
})`,
  name: Path,
  props: Props,
  blobs: ['cert', 'chain', 'key'],
  paths: (path, { keyPath }) => (keyPath === undefined ? [path] : [path, keyPath]),
  owns: (path, { keyPath }) => (keyPath === undefined ? [path] : [path, keyPath]),
  problem(path, { ensure, cert, key, keyPath }) {
    if (ensure === 'present' && !(cert && key)) return 'needs cert and key when it is present.'
    return keyPath === path ? 'has its key where it is itself: leave `keyPath` out.' : undefined
  },

  check(path, want, host) {
    if (want.ensure === 'absent')
      return pathsOf(path, want).flatMap(([what, at]) =>
        differences({ [what]: presence(host.files.stat(at), 'file') }, { [what]: 'absent' }),
      )
    const pem = pemOf(want, host)
    const identity = readIdentity(pem.shared, pem.secret)
    const late = untimely(identity, want.daysLeft)
    return [
      ...partsOf(path, want, identity, pem).flatMap((part) => partDifferences(part, host)),
      ...(late ? [{ what: 'time', from: late.is, to: `valid for ${want.daysLeft} days more` }] : []),
    ]
  },

  async apply(path, want, host) {
    if (want.ensure === 'absent') {
      for (const [, at] of pathsOf(path, want)) if (host.files.stat(at)) host.files.remove(at)
      return
    }
    const pem = pemOf(want, host)
    const identity = readIdentity(pem.shared, pem.secret)
    const late = untimely(identity, want.daysLeft)
    const wrong =
      misfit(identity) ?? (late && `${late.certificate} is ${late.is}. Renew it where the recipe takes it from.`)
    if (wrong) throw new Error(`${wrong} What is in ${path} stays as it is.`)
    // The key first: whoever starts in between finds an old certificate, not a new one without its key.
    for (const part of partsOf(path, want, identity, pem).toReversed()) await writePart(part, host)
  },
})

interface Part {
  what: string
  path: string
  bytes: Buffer
  /** What may be told of it. */
  shown: (bytes: Buffer) => string | null
  access: Access
}

function pathsOf(path: string, { keyPath }: Want): [what: string, path: string][] {
  return [['certificate', path], ...(keyPath === undefined ? [] : [['key', keyPath] satisfies [string, string]])]
}

function partsOf(path: string, want: Want, { key }: Identity, { shared, secret }: Pem): Part[] {
  const { owner, group, keyPath } = want
  const closed = { owner, group, mode: group === undefined ? '0600' : '0640' }
  const shownKey = (bytes: Buffer) => (bytes.equals(secret) ? `that of ${fingerprintOf(key)}` : 'another')
  if (keyPath === undefined)
    return [{ what: 'certificate and key', path, bytes: lines(shared, secret), shown: describe, access: closed }]
  return [
    { what: 'certificate', path, bytes: shared, shown: describe, access: { owner, mode: '0644' } },
    { what: 'key', path: keyPath, bytes: secret, shown: shownKey, access: closed },
  ]
}

interface Pem {
  /** The certificate and those that vouch for it. */
  shared: Buffer
  /** The key. */
  secret: Buffer
}

function pemOf({ cert, chain, key }: Want, host: Host): Pem {
  if (!cert || !key) throw new Error('There is no cert or no key. Give both.')
  const shared = lines(host.readBlob(cert), ...(chain ? [host.readBlob(chain)] : []))
  return { shared, secret: host.readBlob(key) }
}

function lines(...parts: Buffer[]) {
  return Buffer.concat(parts.map((bytes) => (bytes.at(-1) === 10 ? bytes : Buffer.concat([bytes, Buffer.from('\n')]))))
}

function partDifferences({ what, path, bytes, shown, access }: Part, host: Host): Change[] {
  const found = host.files.stat(path)
  const regular = found?.kind === 'file' ? found : undefined
  const isSame = regular && host.files.hash(path) === sha256(bytes)
  const readable = regular && regular.size <= mostBytes ? shown(host.files.read(path)) : null
  const from = regular ? (readable ?? 'something else') : (found?.kind ?? null)
  return [
    ...(isSame ? [] : [{ what, from, to: shown(bytes) ?? '' }]),
    ...accessDifferences(regular, access, host).map((change) => ({ ...change, what: `${change.what} of the ${what}` })),
  ]
}

async function writePart({ path, bytes, access }: Part, host: Host) {
  const found = host.files.stat(path)
  if (found && found.kind !== 'file' && found.kind !== 'link')
    throw new Error(`${path} is a ${found.kind}, which no certificate replaces. Remove it, or name another path.`)
  const regular = found?.kind === 'file' ? found : undefined
  const resolved = resolveAccess(access, regular, 0o600, host)
  if (regular && host.files.hash(path) === sha256(bytes)) host.files.setAccess(path, resolved)
  else await host.files.write(path, bytes, resolved)
}
