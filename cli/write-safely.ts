import { randomBytes } from 'node:crypto'
import { open, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { codeOf, messageOf, unlessMissing } from '../protocol/errors.ts'
import { CommandError } from './command.ts'

/** Writes a file that only its owner may read, whole or not at all: a reader meets the old one or the new one. */
export async function writeSafely(path: string, parts: Iterable<string> | AsyncIterable<Buffer>) {
  const temporary = `${path}.${randomBytes(6).toString('hex')}`
  const file = await open(temporary, 'wx', 0o600).catch((error: unknown) => {
    throw cannotWrite(path, error)
  })
  try {
    for await (const part of parts) await file.appendFile(part)
    await file.sync()
    await file.close()
    await rename(temporary, path)
    await syncFolder(dirname(path))
  } finally {
    await file.close()
    await rm(temporary, { force: true })
  }
}

export async function refuseToReplace(path: string) {
  const there = await stat(path).catch(unlessMissing)
  if (there) throw new CommandError(`${path} is already there. Take another name, or --force to replace it.`)
}

export function cannotWrite(path: string, error: unknown) {
  const why = {
    ENOENT: 'there is no such folder.',
    EEXIST: 'a file lies where a folder should be.',
    ENOTDIR: 'a file lies where a folder should be.',
    EACCES: 'you may not write there.',
    EROFS: 'that is read-only.',
    ENOSPC: 'the disk is full.',
  }[codeOf(error) ?? '']
  return new CommandError(`Cannot write ${path}: ${why ?? messageOf(error)}`, { cause: error })
}

export function cannotRead(path: string, error: unknown) {
  const why = {
    EISDIR: 'it is a folder.',
    EACCES: 'you may not read it.',
  }[codeOf(error) ?? '']
  return new CommandError(`Cannot read ${path}: ${why ?? messageOf(error)}`, { cause: error })
}

async function syncFolder(path: string) {
  const folder = await open(path)
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
