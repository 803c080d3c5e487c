import { createHash, randomBytes } from 'node:crypto'
import {
  constants,
  copyFileSync,
  createReadStream,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { constants as systemConstants } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { hasCode, messageOf } from '../../protocol/errors.ts'
import { readTar, readZip } from './entries.ts'
import { Bounds, type Limits, Tree, type TreeOptions } from './tree.ts'
import { must } from '../define.ts'
import { download, type Downloading } from '../files/download.ts'
import { faultPoint } from '../fault-points.ts'
import type { Host } from '../host.ts'
import { assertNothingMounted } from '../system/mounted.ts'
import { explained, syncDirectory } from '../files/write-atomically.ts'

/** In the workshop: what was there before, while it has no other place. */
const replacedName = 'replaced'
const { COPYFILE_EXCL, COPYFILE_FICLONE } = constants
/** 128 + SIGXFSZ: it wrote more than prlimit allowed. */
const sizeExceeded = 128 + systemConstants.signals.SIGXFSZ

interface Packing {
  suffixes: string[]
  /** What Node.js cannot unpack itself is unpacked by this program, of this package. */
  program?: string
  pkg?: string
}

const packings = {
  tar: { suffixes: ['.tar'] },
  'tar.gz': { suffixes: ['.tar.gz', '.tgz'] },
  'tar.xz': { suffixes: ['.tar.xz', '.txz'], program: 'xz', pkg: 'xz-utils' },
  'tar.bz2': { suffixes: ['.tar.bz2', '.tbz2'], program: 'bzip2', pkg: 'bzip2' },
  'tar.zst': { suffixes: ['.tar.zst', '.tzst'], program: 'zstd', pkg: 'zstd' },
  zip: { suffixes: ['.zip', '.jar', '.war'] },
} satisfies Record<string, Packing>
export type Format = keyof typeof packings

function isFormat(text: string): text is Format {
  return Object.hasOwn(packings, text)
}

export const formats = Object.keys(packings).filter(isFormat)

/** As the name of the archive ends. */
export function formatOf(name: string) {
  return formats.find((format) => packings[format].suffixes.some((suffix) => name.endsWith(suffix)))
}

export interface Unpacking {
  /** The archive on this node, or where it is fetched from. */
  from: { file: string } | Downloading
  sha256: string
  format: Format
  limits: Limits
  tree: TreeOptions
  /** A file that goes into the directory with the rest. */
  marker: { name: string; text: string }
}

/**
 * Brings the archive, unpacks it beside `path` where nobody else can reach, and puts the whole in place. What was there goes only then, and
 * comes back when that fails.
 */
export async function unpackInto(path: string, unpacking: Unpacking, mode: number, host: Host) {
  assertNothingMounted(path, host.files)
  const work = makeWorkshop(path)
  try {
    const packed = await bring(path, work, unpacking, host)
    const bounds = new Bounds(unpacking.limits, statSync(packed).size)
    const made = join(work, 'made')
    mkdirSync(made, { mode: 0o700 })
    const tree = new Tree(made, unpacking.tree)
    await readInto(tree, packed, unpacking.format, bounds, host)
    writeFileSync(join(made, unpacking.marker.name), unpacking.marker.text, { flag: 'wx', mode: 0o644 })
    tree.finish(mode)
    await must(host, ['sync', '--file-system', '--', made])
    swap(made, path, join(work, replacedName))
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

function makeWorkshop(path: string) {
  try {
    clearWorkshops(path)
    const work = join(dirname(path), `${workshopPrefix(path)}${randomBytes(8).toString('hex')}`)
    mkdirSync(work, { mode: 0o700 })
    return work
  } catch (error) {
    throw explained(error, path)
  }
}

function workshopPrefix(path: string) {
  return `.trivet-unpacking-${basename(path).slice(-200)}-`
}

/** What a killed agent left is taken away; what it had taken aside comes back where nothing is in its place. */
export function clearWorkshops(path: string) {
  const prefix = workshopPrefix(path)
  const isOurs = (name: string) => name.startsWith(prefix) && /^[0-9a-f]{16}$/.test(name.slice(prefix.length))
  for (const name of readdirSync(dirname(path)).filter(isOurs)) {
    const left = join(dirname(path), name)
    if (!isThere(path) && isThere(join(left, replacedName))) renameSync(join(left, replacedName), path)
    rmSync(left, { recursive: true })
  }
}

/** Into a file that nobody can change between the look at its hash and the unpacking. */
async function bring(path: string, work: string, { from, sha256, format }: Unpacking, host: Host) {
  const packed = join(work, `packed${packings[format].suffixes[0]}`)
  if ('url' in from) {
    renameSync(await download(path, from, host), packed)
    return packed
  }
  copyFileSync(from.file, packed, COPYFILE_EXCL | COPYFILE_FICLONE)
  const hash = createHash('sha256')
  await pipeline(createReadStream(packed, { highWaterMark: 1024 * 1024 }), hash)
  const got = hash.digest('hex')
  if (got === sha256) return packed
  throw new Error(`${from.file} has the SHA-256 ${got}, not ${sha256}; it was not unpacked.`)
}

async function readInto(tree: Tree, packed: string, format: Format, bounds: Bounds, host: Host) {
  const take = tree.take.bind(tree)
  const packing: Packing = packings[format]
  try {
    if (format === 'zip') return await readZip(packed, bounds, take)
    if (packing.program === undefined) return await readTar(packed, format === 'tar.gz', bounds, take)
    return await readTar(await decompressed(packed, packing.program, packing.pkg, bounds, host), false, bounds, take)
  } catch (error) {
    throw new Error(`The archive was not unpacked, and nothing was put in place. ${messageOf(error)}`, { cause: error })
  }
}

// To a file, since commands give their output as text; the kernel ends one that writes more than it may.
async function decompressed(packed: string, program: string, pkg = program, bounds: Bounds, host: Host) {
  const argv = ['prlimit', `--fsize=${bounds.mostBytes}`, '--', program, '-d', '-k', '-q', '--', packed]
  const { exitCode, stderr } = await host.run(argv)
  if (exitCode === 0) return packed.slice(0, packed.lastIndexOf('.'))
  const why = stderr.includes('No such file') ? `${program} is not there: declare pkg[${pkg}] before.` : stderr.trim()
  throw new Error(
    exitCode === sizeExceeded
      ? `It unpacks to more than ${bounds.mostBytes} bytes. If it is no bomb, raise \`mostBytes\` or \`mostRatio\`.`
      : `${argv.join(' ')} exited with ${exitCode}: ${why}`,
  )
}

function swap(made: string, path: string, aside: string) {
  faultPoint('archive.unpacked')
  const replaced = moved(path, aside)
  try {
    faultPoint('archive.aside')
    renameSync(made, path)
  } catch (error) {
    if (replaced) renameSync(aside, path)
    throw error
  }
  faultPoint('archive.placed')
  syncDirectory(dirname(path))
}

function isThere(path: string) {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined
}

function moved(path: string, aside: string) {
  try {
    renameSync(path, aside)
    return true
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false
    throw error
  }
}
