import { join } from 'node:path'
import { z } from 'zod'
import { Sha256 } from '../protocol/catalog.ts'
import { assertOurs, marker, type Marker, markerText, readMarker } from './archives/marker.ts'
import { clearWorkshops, type Format, formatOf, formats, unpackInto } from './archives/unpack.ts'
import { defineResource, differences } from './define.ts'
import { downloadProps } from './files/download.ts'
import { removeTree } from './files/remove-tree.ts'
import type { Host } from './host.ts'
import { Url, urlProblem } from './web/http-client.ts'
import { hashOf } from './files/large-hashes.ts'
import { Owner, Path, presence } from './names.ts'
import { resolveAccess } from './files/ownership.ts'

const Props = z.strictObject({
  ensure: z.enum(['present', 'absent']).default('present').describe('Whether the directory is to be there.'),
  file: Path.optional().describe('The archive, where it lies on the node.'),
  url: Url.optional().describe('Where it is fetched from, if not a `file`; `sha256` is needed then.'),
  sha256: Sha256.optional().describe('The hash that the archive must have. Left out, whatever `file` has.'),
  format: z
    .enum(formats)
    .optional()
    .describe('Left out, as the name ends. For xz, bz2 and zst the node needs the program: xz-utils, bzip2 or zstd.'),
  strip: z.int().min(0).max(100).default(0).describe('How many leading directories are left out of each path in it.'),
  owner: Owner.optional().describe(
    'Who gets all of it, by name or number; who is named in the archive does not count.',
  ),
  group: Owner.optional().describe('The group that gets all of it, by name or number.'),
  force: z
    .boolean()
    .default(false)
    .describe('Whether a directory that has other things in it is replaced, or removed.'),
  ...downloadProps,
  mostBytes: downloadProps.mostBytes.describe('How large it may be, packed and unpacked.'),
  mostEntries: z.int().positive().default(100_000).describe('How many files, directories and links may be in it.'),
  mostRatio: z
    .int()
    .positive()
    .default(200)
    .describe('How many times larger it may become, where it becomes larger than 16 MiB.'),
})
type Want = z.infer<typeof Props>

export const archive = defineResource({
  type: 'archive',
  summary:
    'A directory with what is in an archive, and nothing else: another archive replaces it as a whole, so keep data elsewhere. What is changed in it later is not looked at. An archive that leads out of the directory, or unpacks to too much, is refused before anything is put in place.',
  example: `archive('/opt/greeter', {
  url: 'https://releases.example.net:8443/greeter-1.4.tar.gz',
  sha256: 'b66b5dddec80844478a26c9ffc5598f7d3e5535dd8fbb4baa06476bbc193cfaa',
  ca: '/etc/ssl/releases.pem',
  strip: 1,
  owner: 'root',
  group: 'root',
})`,
  name: Path,
  props: Props,
  problem: problemOf,
  paths: (path) => [path, join(path, marker)],

  check(path, want, host) {
    const found = host.files.stat(path)
    if (want.ensure === 'absent') return differences({ ensure: presence(found, 'directory') }, { ensure: 'absent' })
    const is = found?.kind === 'directory' ? readMarker(path, host) : undefined
    const wanted = {
      archive: hashWanted(want, is, host),
      strip: String(want.strip),
      owner: want.owner,
      group: want.group,
    }
    return [
      ...differences({ ensure: presence(found, 'directory') }, { ensure: 'present' }),
      ...differences({ archive: is?.sha256, strip: is?.strip.toString(), owner: is?.owner, group: is?.group }, wanted),
    ]
  },

  async apply(path, want, host) {
    assertOurs(path, want.force, host)
    if (want.ensure === 'absent') return removeTree(path, host)
    const { url, sha256 = hashOf(fileOf(want, host), host.files) } = want
    const { mode, uid, gid } = accessOf(path, want, host)
    const unpacking = {
      from: url === undefined ? { file: fileOf(want, host) } : { ...want, url, sha256 },
      sha256,
      format: formatIn(want),
      limits: want,
      tree: { strip: want.strip, uid, gid },
      marker: { name: marker, text: markerText(want, sha256) },
    }
    return unpackInto(path, unpacking, mode, host)
  },

  sweep: clearWorkshops,

  effects(path, want, foreseen) {
    assertOurs(path, want.force, foreseen)
    const access = accessOf(path, want, foreseen)
    if (foreseen.files.stat(path)) removeTree(path, foreseen)
    if (want.ensure === 'absent') return
    const sha256 = want.sha256 ?? hashOf(fileOf(want, foreseen), foreseen.files)
    foreseen.files.makeDirectory(path, access)
    foreseen.foresee(join(path, marker), { kind: 'file', bytes: Buffer.from(markerText(want, sha256)) })
    foreseen.mayBring(`archive[${path}]`)
  },
})

function problemOf(_name: string, { ensure, file, url, sha256, format, insecure }: Want) {
  if (ensure === 'absent') return undefined
  if ((file === undefined) === (url === undefined)) return 'needs either a file or a url.'
  if (url !== undefined && sha256 === undefined) return 'needs the sha256 of what it fetches.'
  if (!format && !formatOf(nameOf(file, url)))
    return `cannot tell the format by the name. Name it: \`format\` is one of ${formats.join(', ')}.`
  return url === undefined ? undefined : urlProblem(url, insecure)
}

function nameOf(file?: string, url = '') {
  return file ?? new URL(url).pathname
}

function formatIn({ file, url, format = formatOf(nameOf(file, url)) }: Want): Format {
  if (format) return format
  throw new Error(`The format of ${nameOf(file, url)} cannot be told by its name. Name it: \`format\`.`)
}

function fileOf({ file }: Want, { files }: Host) {
  const kind = file === undefined ? undefined : files.stat(file)?.kind
  if (file !== undefined && kind === 'file') return file
  throw new Error(
    kind
      ? `The archive ${file} is a ${kind}, not a file. Name what is to be unpacked.`
      : `The archive ${file} is not there. Declare what brings it before this.`,
  )
}

/** Undefined where it does not matter any more: the archive has gone after it was unpacked. */
function hashWanted({ file = '', sha256 }: Want, is: Marker | undefined, { files }: Host) {
  if (sha256 !== undefined) return sha256
  const kind = files.stat(file)?.kind
  if (kind === 'file') return hashOf(file, files)
  return kind === undefined && is ? undefined : `that of ${file}, which is ${kind ? `a ${kind}` : 'not there'}`
}

function accessOf(path: string, { owner, group }: Want, host: Host) {
  return resolveAccess({ owner, group }, host.files.stat(path), 0o755, host)
}
