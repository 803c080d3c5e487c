import { closeSync, fsyncSync, openSync, rmSync, statfsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { hasCode } from '../../protocol/errors.ts'
import type { Host } from '../../resources/host.ts'
import { syncDirectory } from '../../resources/files/write-atomically.ts'
import type { ServerAddress } from '../link/https.ts'
import { download, readFrom } from './download.ts'
import { archiveIn } from './manifest.ts'
import type { Slots } from './slots.ts'

export interface Staging {
  server: ServerAddress
  /** Whose signature counts. */
  key: string
  version: string
  platform: string
  slots: Slots
  run: Host['run']
  signal: AbortSignal
}

/** Brings that version into the free slot, whole, and sees that it starts here. Gives the slot. */
export async function stage(staging: Staging) {
  const { server, key, version, platform, slots, signal } = staging
  const [sums, signature] = await Promise.all([
    readFrom(server, 'SHA256SUMS', signal),
    readFrom(server, 'SHA256SUMS.sig', signal),
  ])
  const archive = archiveIn(sums, signature.toString(), key, version, platform)
  const slot = slots.free
  slots.make(slot)
  try {
    await fill(slot, archive, staging)
  } catch (error) {
    rmSync(slots.path(slot), { recursive: true, force: true })
    throw hasCode(error, 'ENOSPC', 'EDQUOT') ? new Error(noRoom(slots), { cause: error }) : error
  }
  return slot
}

async function fill(
  slot: string,
  archive: { name: string; sha256: string },
  { server, version, slots, run, signal }: Staging,
) {
  const path = join(slots.path(slot), 'archive')
  const fits = (bytes: number) => requireRoom(slots, bytes)
  await download(server, { ...archive, fits }, path, signal)
  await must(run, ['tar', '--no-same-owner', '-xzf', path, '-C', slots.path(slot), '--', 'trivet-agent'])
  rmSync(path)
  const program = slots.program(slot)
  const said = await must(run, [program, '--version'])
  if (said.trim() !== `trivet-agent ${version}`)
    throw new Error(`${archive.name} holds an agent that says it is ${said.trim().slice(0, 100) || 'nothing'}`)
  sync(program)
  for (const folder of [slots.path(slot), slots.folder]) syncDirectory(folder)
}

/** For the archive, and for what is in it, which is about as large as the program that runs. */
function requireRoom(slots: Slots, archiveBytes: number) {
  const needed = archiveBytes + statSync(slots.program(slots.current)).size * 1.25
  const { bavail, bsize } = statfsSync(slots.folder)
  if (bavail * bsize < needed)
    throw new Error(
      `${slots.folder} has ${mb(bavail * bsize)} of room, and the new agent needs ${mb(needed)}. Make room there.`,
    )
}

/** Others write there too. */
function noRoom({ folder }: Slots) {
  return `${folder} had no room left before the new agent was in it. Next: make room there, then give the order again`
}

function mb(bytes: number) {
  return `${Math.ceil(bytes / 1e6)} MB`
}

async function must(run: Host['run'], argv: string[]) {
  const { exitCode, stdout, stderr } = await run(argv, { timeoutMs: 120_000 })
  if (exitCode === 0) return stdout
  throw new Error(`${argv.join(' ')} ended with ${exitCode}: ${(stderr || stdout).trim().slice(0, 500)}`)
}

function sync(path: string) {
  const file = openSync(path, 'r')
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}
