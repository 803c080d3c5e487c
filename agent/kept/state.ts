import {
  closeSync,
  fchmodSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { hasCode, messageOf } from '../../protocol/errors.ts'
import { faultPoint } from '../../resources/fault-points.ts'
import { syncDirectory } from '../../resources/files/write-atomically.ts'

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

/** The files of an agent, all below one folder that only its user may enter. */
export function stateIn(dir: string) {
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  return {
    dir,
    path: (...parts: string[]) => join(dir, ...parts),
    readIdentity: () => readJson(join(dir, 'identity.json'), Identity),
    writeIdentity: (identity: Identity) => writeSynced(join(dir, 'identity.json'), JSON.stringify(identity)),
    readKey: () => readFileSync(join(dir, 'key.pem'), 'utf8'),
    readSettings: () => readReplaceable(join(dir, 'settings.json'), Settings),
    writeSettings: (settings: Settings) => writeSynced(join(dir, 'settings.json'), JSON.stringify(settings)),
    readStatus: () => readReplaceable(join(dir, 'status.json'), Status),
    writeStatus: (status: Status) => writeSynced(join(dir, 'status.json'), JSON.stringify(status)),
  }
}
export type State = ReturnType<typeof stateIn>

/** Undefined where the file is missing, or can no longer be read: what comes again by itself is then moved aside, not stumbled over for ever. */
export function readReplaceable<Schema extends z.ZodType>(path: string, schema: Schema): z.infer<Schema> | undefined {
  const text = readIfThere(path)
  if (text === undefined) return undefined
  try {
    return schema.parse(JSON.parse(text))
  } catch (error) {
    return moveAside(path, error)
  }
}

/** What nobody can make whole again must not be stumbled over for ever; it stays as `.damaged`, and the log says so. */
export function moveAside(path: string, why: unknown): undefined {
  renameSync(path, `${path}.damaged`)
  process.emitWarning(`${path} cannot be read and was moved aside to ${path}.damaged: ${messageOf(why)}`, 'Damaged')
}

/** Undefined where the file is missing. A file that no longer parses is an error with its path: nobody but us writes there. */
function readJson<Schema extends z.ZodType>(path: string, schema: Schema): z.infer<Schema> | undefined {
  const text = readIfThere(path)
  if (text === undefined) return undefined
  try {
    return schema.parse(JSON.parse(text))
  } catch (cause) {
    throw new Error(`${path} is damaged; move it away and start the agent again`, { cause })
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

/** A reader, and a machine that lost its power, finds the old file or the new one. Mode 0600 from the start. */
export function writeSynced(path: string, content: string | Buffer, temporary = `${path}.new`) {
  rmSync(temporary, { force: true })
  try {
    writeNew(temporary, content)
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
