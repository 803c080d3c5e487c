import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { addAbortSignal, PassThrough, type Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import type { Parser, ReadEntry } from 'tar'
import type { Entry as ZipEntry, ZipFile } from 'yauzl'
import type { Bounds, Entry } from './tree.ts'

type Take = (entry: Entry) => Promise<void>

const tarKinds: Partial<Record<string, string>> = {
  File: 'file',
  OldFile: 'file',
  ContiguousFile: 'file',
  Directory: 'directory',
  SymbolicLink: 'link',
  Link: 'hard link',
}

/** Gives each entry of a tar file to `take`, in order. A tar that is damaged, or has what we cannot read, is refused. */
export async function readTar(path: string, isGzipped: boolean, bounds: Bounds, take: Take) {
  const tar = await import('tar')
  const parser = new tar.Parser({ strict: true })
  const failed = new AbortController()
  const { signal } = failed
  let taking = Promise.resolve()
  parser.on('error', (error: unknown) => failed.abort(error))
  parser.on('ignoredEntry', ({ path: ignored, type }: ReadEntry) =>
    failed.abort(new Error(`It has ${ignored} of type ${type}, which is not known here.`)),
  )
  parser.on('entry', (entry: ReadEntry) => {
    const turn = async () => {
      if (signal.aborted) return
      bounds.enter()
      await take(fromTar(entry, signal))
      entry.resume()
    }
    taking = taking.then(turn).catch((error) => failed.abort(error))
  })
  const source = createReadStream(path, { highWaterMark: 256 * 1024 })
  const bytes = isGzipped ? gunzipped(source) : source
  try {
    await feed(bytes, parser, bounds, signal)
    await taking
    signal.throwIfAborted()
  } catch (error) {
    failed.abort(error)
    await taking
    throw error
  } finally {
    source.destroy()
    bytes.destroy()
  }
}

function gunzipped(source: Readable) {
  const gunzip = createGunzip()
  source.on('error', (error) => gunzip.destroy(error))
  return source.pipe(gunzip)
}

async function feed(bytes: AsyncIterable<Buffer>, parser: Parser, bounds: Bounds, signal: AbortSignal) {
  let first = true
  for await (const chunk of bytes) {
    if (first) assertPlain(chunk)
    first = false
    bounds.spend(chunk.length)
    if (!parser.write(chunk)) await happens(parser, 'drain', signal)
    signal.throwIfAborted()
  }
  const ended = happens(parser, 'end', signal)
  parser.end()
  await ended
}

/** What stopped it, where something did. */
async function happens(parser: NodeJS.EventEmitter, event: string, signal: AbortSignal) {
  try {
    await once(parser, event, { signal })
  } catch (error) {
    signal.throwIfAborted()
    throw error
  }
}

// The parser would unpack once more by itself, out of our bounds.
function assertPlain(chunk: Buffer) {
  const magic = chunk.subarray(0, 4).toString('hex')
  if (magic.startsWith('1f8b') || magic === '28b52ffd')
    throw new Error('It is compressed otherwise than its format says. Name the right one: `format`.')
}

function fromTar(entry: ReadEntry, signal: AbortSignal): Entry {
  const { path, type, mode, mtime, linkpath } = entry
  const kind = tarKinds[type] ?? type
  return {
    path,
    kind,
    mode: mode ?? (kind === 'directory' ? 0o755 : 0o644),
    ...(mtime ? { modified: mtime } : {}),
    ...(linkpath === undefined ? {} : { target: linkpath }),
    // Otherwise whoever waits for more of a broken archive would do so for ever, a file open.
    bytes: () => addAbortSignal(signal, entry.pipe(new PassThrough())),
  }
}

/** Gives each entry of a zip file to `take`, in the order of its directory. */
export async function readZip(path: string, bounds: Bounds, take: Take) {
  const { openPromise } = await import('yauzl')
  const zip = await openPromise(path)
  for await (const entry of zip.eachEntry()) {
    bounds.enter()
    bounds.spend(entry.uncompressedSize)
    await take(await fromZip(zip, entry))
  }
}

async function fromZip(zip: ZipFile, entry: ZipEntry): Promise<Entry> {
  const { fileName, versionMadeBy, externalFileAttributes } = entry
  // Only what was made on Unix or macOS has modes there.
  const unix = [3, 19].includes(versionMadeBy >>> 8) ? externalFileAttributes >>> 16 : 0
  const kind = kindOf(fileName, unix)
  const bytes = () => zip.openReadStreamPromise(entry)
  return {
    path: fileName,
    kind: entry.isEncrypted() ? 'encrypted file' : kind,
    mode: unix === 0 ? (kind === 'directory' ? 0o755 : 0o644) : unix,
    modified: entry.getLastModDate(),
    ...(kind === 'link' ? { target: await textOf(entry, bytes) } : {}),
    bytes,
  }
}

function kindOf(name: string, unix: number) {
  const kinds: Partial<Record<number, string>> = { 0: 'file', 0o100000: 'file', 0o40000: 'directory', 0o120000: 'link' }
  return name.endsWith('/') ? 'directory' : (kinds[unix & 0o170000] ?? 'special file')
}

async function textOf({ fileName, uncompressedSize }: ZipEntry, bytes: () => Promise<AsyncIterable<Buffer>>) {
  if (uncompressedSize > 4096) throw new Error(`It has ${fileName}, a link to more than 4096 bytes.`)
  const chunks: Buffer[] = []
  for await (const chunk of await bytes()) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}
