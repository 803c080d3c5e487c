import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { getRawAsset } from 'node:sea'
import { hasCode } from '../../protocol/errors.ts'
import { start } from './start.ts'

/** The first code of the single executable, in which all parts and programs lie. */
function read(name: string) {
  try {
    const bytes = getRawAsset(name)
    return typeof bytes === 'string' ? undefined : Buffer.from(bytes)
  } catch (error) {
    if (!hasCode(error, 'ERR_SINGLE_EXECUTABLE_APPLICATION_ASSET_NOT_FOUND')) throw error
    return undefined
  }
}

/** A program can only be run from a file: it is laid into the cache of this machine, and found there the next time. */
function program(name: string) {
  const bytes = read(name)
  if (!bytes) throw new Error(`${name} is not in this program: it was not built whole`)
  const folder = join(process.getuid?.() === 0 ? '/var/cache' : join(homedir(), '.cache'), 'trivet-agent')
  const path = join(folder, name)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  if (!holds(path, bytes)) {
    const beside = `${path}.${process.pid}`
    writeFileSync(beside, bytes, { mode: 0o700, flag: 'wx' })
    renameSync(beside, path)
  }
  return path
}

function holds(path: string, bytes: Buffer) {
  const { size } = statSync(path, { throwIfNoEntry: false }) ?? {}
  return size === bytes.length && readFileSync(path).equals(bytes)
}

void start({ read, program }, process.argv.slice(2), process.env['TRIVET_FAULT'] !== undefined)
