import {
  closeSync,
  fchmodSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { CommandError } from '../../cli/command.ts'
import { codeOf, hasCode, messageOf } from '../../protocol/errors.ts'
import { faultPoint } from '../../resources/fault-points.ts'
import { syncDirectory } from '../../resources/files/write-atomically.ts'
import { checkKey } from './keys.ts'

/** Who this node is to which server. The private key lies beside it, in `key.pem`. */
export const Identity = z.strictObject({
  /** `https://HOST:PORT` */
  url: z.string(),
  /** The server's CA, PEM: the only one that is believed. */
  ca: z.string(),
  caSha256: z.string(),
  node: z.string(),
  id: z.string(),
})
export type Identity = z.infer<typeof Identity>

export const Settings = z.strictObject({ intervalMs: z.int().positive() })
export type Settings = z.infer<typeof Settings>

/** What the daemon last knew, for `trivet-agent status`. */
export const Status = z.strictObject({
  pid: z.int(),
  connected: z.boolean(),
  since: z.int(),
  detail: z.string().optional(),
})
export type Status = z.infer<typeof Status>

/** What the agent needs of its state folder cannot be had: where, why, and what to do. */
export class Unusable extends CommandError {
  readonly code: string | undefined

  constructor(path: string, cause: unknown, next: string) {
    super(`${path} cannot be used: ${messageOf(cause)}. ${next}`, { cause })
    this.code = codeOf(cause)
  }
}

/** The files of an agent, all below one folder that only its user may enter. */
export function stateIn(dir: string) {
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const anew = `Bring it back from a backup; or stop the agent, move ${dir} away and join anew.`
  return {
    dir,
    path: (...parts: string[]) => join(dir, ...parts),
    readIdentity: () => readIrreplaceable(join(dir, 'identity.json'), (text) => Identity.parse(JSON.parse(text)), anew),
    writeIdentity: (identity: Identity) => writeSynced(join(dir, 'identity.json'), JSON.stringify(identity)),
    readKey: () => {
      const key = readIrreplaceable(join(dir, 'key.pem'), checkKey, anew)
      if (key === undefined) throw new Unusable(join(dir, 'key.pem'), 'it is missing', anew)
      return key
    },
    readSettings: () => readReplaceable(join(dir, 'settings.json'), Settings),
    writeSettings: (settings: Settings) => writeSynced(join(dir, 'settings.json'), JSON.stringify(settings)),
    readStatus: () => readReplaceable(join(dir, 'status.json'), Status),
    writeStatus: (status: Status) => writeSynced(join(dir, 'status.json'), JSON.stringify(status)),
  }
}
export type State = ReturnType<typeof stateIn>

/** Undefined where the file is missing, or can no longer be read: what comes again by itself is then moved aside, not stumbled over for ever. */
export function readReplaceable<Schema extends z.ZodType>(path: string, schema: Schema): z.infer<Schema> | undefined {
  const text = readReplaceableText(path)
  if (text === undefined) return undefined
  try {
    return schema.parse(JSON.parse(text))
  } catch (error) {
    return moveAside(path, error)
  }
}

/** Undefined where it is missing, or can never be read, as a folder in its place or what lies where the disk is broken. */
export function readReplaceableText(path: string) {
  try {
    return readIfThere(path)
  } catch (error) {
    if (hasCode(error, 'EISDIR', 'ELOOP', 'EIO')) return moveAside(path, error)
    throw new Unusable(path, error, 'The agent runs as root.')
  }
}

export function readIfThere(path: string) {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
}

/** What nobody can make whole again must not be stumbled over for ever; it stays as `.damaged`, and the log says so. */
export function moveAside(path: string, why: unknown): undefined {
  const earlier = statSync(`${path}.damaged`, { throwIfNoEntry: false })
  const aside =
    earlier?.isDirectory() || (earlier && isFolder(path)) ? `${path}.damaged.${Date.now()}` : `${path}.damaged`
  renameSync(path, aside)
  process.emitWarning(`${path} cannot be used and was moved aside to ${aside}: ${messageOf(why)}`, 'Damaged')
}

function isFolder(path: string) {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}

/** A folder of ours; what else lies there is moved aside. */
export function makeFolder(path: string) {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error
    moveAside(path, error)
    mkdirSync(path, { mode: 0o700 })
  }
}

/** Undefined where the file is missing. Nothing can stand for it, so what is not as it was written is an error. */
function readIrreplaceable<Read>(path: string, read: (text: string) => Read, next: string): Read | undefined {
  try {
    const text = readIfThere(path)
    return text === undefined ? undefined : read(text)
  } catch (error) {
    const isFromKernel = error instanceof Error && 'syscall' in error
    throw new Unusable(path, isFromKernel ? error : 'it is not as the agent wrote it', next)
  }
}

/** A reader, and a machine that lost its power, finds the old file or the new one. Mode 0600 from the start. */
export function writeSynced(path: string, content: string | Buffer, temporary = `${path}.new`) {
  rmSync(temporary, { force: true, recursive: true })
  try {
    writeNew(temporary, content)
    if (isFolder(path)) moveAside(path, 'a folder lies in its place')
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
  faultPoint('state.renamed')
  syncDirectory(dirname(path))
  faultPoint('state.done')
}

function writeNew(path: string, content: string | Buffer) {
  const file = openSync(path, 'wx', 0o600)
  try {
    faultPoint('state.opened')
    fchmodSync(file, 0o600)
    writeFileSync(file, content)
    faultPoint('state.written')
    fsyncSync(file)
    faultPoint('state.synced')
  } finally {
    closeSync(file)
  }
}
