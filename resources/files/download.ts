import { createHash } from 'node:crypto'
import { constants, writeSync } from 'node:fs'
import { type FileHandle, open as openFile, readdir, rm } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { basename, dirname, join } from 'node:path'
import { finished } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import { z } from 'zod'
import { hasCode, messageOf } from '../../protocol/errors.ts'
import type { Host } from '../host.ts'
import { type Asking, askingOf, open, shownUrl, type Web, webProps } from '../web/http-client.ts'
import { explained } from './write-atomically.ts'

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDWR } = constants

/** What a type takes that fetches a file. */
export const downloadProps = {
  ...webProps,
  mostBytes: z
    .int()
    .positive()
    .default(1024 ** 3)
    .describe('How large it may be; a server that sends more is cut off.'),
  tries: z.int().min(1).max(100).default(5).describe('How many tries in a row may bring nothing new.'),
  withinMs: z.int().positive().max(86_400_000).default(1_800_000).describe('How long all tries together may take.'),
}

export interface Downloading extends Web {
  url: string
  sha256: string
  mostBytes: number
  tries: number
  withinMs: number
}

/** What another try would not mend. */
class Refused extends Error {}

/**
 * Fetches into a file of nobody but us beside `target`, and gives its path once it has the hash. A break is followed by another try that
 * asks for the rest; what came is kept for the next run when all fail.
 */
export async function download(target: string, want: Downloading, host: Host) {
  const asking = askingOf(want, host)
  const { path, file } = await openCandidate(target, want.sha256)
  try {
    await fetchVerified(file, want, asking)
    return path
  } catch (error) {
    if (error instanceof Refused || (await file.stat()).size === 0) await rm(path, { force: true })
    throw error
  } finally {
    await file.close()
  }
}

/** Its name tells what is in it, so that a later run finds it; those of other versions are taken away. */
async function openCandidate(target: string, sha256: string) {
  const suffix = `-${basename(target).slice(-200)}`
  const path = join(dirname(target), `.trivet-partial-${sha256.slice(0, 16)}${suffix}`)
  const left = await openLeft(path)
  if (left) return { path, file: left }
  try {
    for (const name of await readdir(dirname(target)))
      if (name.startsWith('.trivet-partial-') && name.slice('.trivet-partial-'.length + 16) === suffix)
        await rm(join(dirname(target), name), { force: true })
    return { path, file: await openFile(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600) }
  } catch (error) {
    throw explained(error, target)
  }
}

// Whoever may write in this directory may have guessed the name: only what nobody else could write to is gone on with.
async function openLeft(path: string) {
  try {
    const file = await openFile(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK)
    const found = await file.stat()
    if (found.isFile() && found.nlink === 1 && (found.mode & 0o077) === 0 && found.uid === process.geteuid?.())
      return file
    await file.close()
  } catch (error) {
    if (!hasCode(error, 'ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO', 'EISDIR')) throw error
  }
  return undefined
}

async function fetchVerified(file: FileHandle, want: Downloading, asking: Asking) {
  const deadline = performance.now() + want.withinMs
  const patched = await fetchWhole(file, want, asking, deadline)
  if ((await hashOf(file)) === want.sha256) return
  // Two tries may have met two versions; from the start there is but one.
  if (patched) {
    await file.truncate(0)
    await fetchWhole(file, want, asking, deadline)
  }
  const got = await hashOf(file)
  if (got === want.sha256) return
  throw new Refused(
    `${shownUrl(want.url)} has the SHA-256 ${got}, not ${want.sha256}; it was not put in place. Find out why before you change the hash.`,
  )
}

/** Tells whether what is there now came in more than one piece. */
async function fetchWhole(file: FileHandle, want: Downloading, asking: Asking, deadline: number) {
  let patched = false
  for (let failures = 0; ;) {
    const { size: had } = await file.stat()
    try {
      return (await fetchRest(file, had, want, { ...asking, signal: timeLeft(deadline) })) || patched
    } catch (error) {
      if (error instanceof Refused) throw error
      patched ||= had > 0
      const { size } = await file.stat()
      failures = size > had ? 1 : failures + 1
      const waitMs = Math.min(10_000, 250 * 2 ** failures)
      if (failures >= want.tries || performance.now() + waitMs >= deadline) throw broken(want, size, error)
      await pause(waitMs)
    }
  }
}

function timeLeft(deadline: number) {
  return AbortSignal.timeout(Math.max(1, Math.ceil(deadline - performance.now())))
}

function broken({ url }: Downloading, came: number, error: unknown) {
  const why = messageOf(error).replace(/\.$/, '')
  const next =
    came > 0 ? 'What came is kept; the next run asks for the rest.' : 'Nothing came; the next run tries again.'
  return new Error(`${shownUrl(url)} was not fetched whole: ${why}. ${next}`, { cause: error })
}

/** Tells whether the rest was added to what was there, or all came anew. */
async function fetchRest(file: FileHandle, had: number, want: Downloading, asking: Asking) {
  const range = had > 0 ? { range: `bytes=${had}-` } : {}
  const headers = { ...asking.headers, 'accept-encoding': 'identity', ...range }
  const response = await open(want.url, { ...asking, headers })
  try {
    const { statusCode: status = 0, headers: answered } = response
    const ranged = /^bytes (?:(\d+)-\d+|\*)\/(\d+|\*)$/.exec(answered['content-range'] ?? '')
    if (status === 416 && Number(ranged?.[2]) === had) return true
    if (status === 416 || (status === 206 && Number(ranged?.[1]) !== had)) {
      await file.truncate(0)
      throw new Error(`it has no rest from byte ${had} on`)
    }
    if (status !== 200 && status !== 206) throw answeredWith(status, want)
    const start = status === 206 ? had : 0
    if (start + Number(answered['content-length'] ?? 0) > want.mostBytes) throw tooLarge(want)
    await file.truncate(start)
    await writeBounded(response, file, start, want)
    return start > 0
  } finally {
    response.destroy()
  }
}

function answeredWith(status: number, { url }: Downloading) {
  const why = `${shownUrl(url)} answered with ${status}`
  return status >= 500 || status === 408 || status === 429
    ? new Error(why)
    : new Refused(`${why}. Is that where the file is?`)
}

// As it comes, by synchronous calls: what waits in a stream is lost when the line breaks.
function writeBounded(response: IncomingMessage, { fd }: FileHandle, start: number, want: Downloading) {
  let at = start
  const write = (chunk: Buffer) => {
    if (at + chunk.length > want.mostBytes) throw tooLarge(want)
    for (let left = chunk; left.length > 0;) {
      const written = writeSync(fd, left, 0, left.length, at)
      left = left.subarray(written)
      at += written
    }
  }
  return new Promise<void>((resolve, reject) => {
    response.on('data', (chunk: Buffer) => {
      try {
        write(chunk)
      } catch (error) {
        reject(
          error instanceof Refused ? error : new Refused(`It cannot be kept: ${messageOf(error)}`, { cause: error }),
        )
        response.destroy()
      }
    })
    finished(response, (error) => (error ? reject(error) : resolve()))
  })
}

function tooLarge({ url, mostBytes }: Downloading) {
  return new Refused(`${shownUrl(url)} has more than ${mostBytes} bytes. If that is right, say so by \`mostBytes\`.`)
}

async function hashOf(file: FileHandle) {
  const hash = createHash('sha256')
  const buffer = Buffer.allocUnsafe(1024 * 1024)
  for (let at = 0; ;) {
    const { bytesRead } = await file.read(buffer, 0, buffer.length, at)
    if (bytesRead === 0) return hash.digest('hex')
    hash.update(buffer.subarray(0, bytesRead))
    at += bytesRead
  }
}
