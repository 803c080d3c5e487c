import { type BigIntStats, lstatSync } from 'node:fs'
import { realFiles } from './files.ts'
import type { Files } from '../host.ts'

/** Reading a smaller file costs no more than asking whether it changed. */
const largeBytes = 1024n * 1024n
const mostRemembered = 1000
/** What changed within the last moments may change again without another time stamp. */
const settledMs = 2000n

const remembered = new Map<string, string>()

/**
 * The hash of a file, of a large one only read again when the kernel says that it is another or was changed. What is foreseen is never
 * remembered. Whoever can set the clock back, or write to the disk itself, can hide a change from it.
 */
export function hashOf(path: string, files: Files) {
  if (files !== realFiles) return files.hash(path)
  const before = lstatSync(path, { bigint: true })
  if (before.size <= largeBytes) return files.hash(path)
  const key = keyOf(before)
  const known = remembered.get(key)
  if (known !== undefined) return known
  const hash = files.hash(path)
  const isSettled = before.ctimeMs + settledMs < BigInt(Date.now())
  if (isSettled && keyOf(lstatSync(path, { bigint: true })) === key) remember(key, hash)
  return hash
}

function keyOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats) {
  return [dev, ino, size, mtimeNs, ctimeNs].join(' ')
}

function remember(key: string, hash: string) {
  const [oldest] = remembered.keys()
  if (remembered.size >= mostRemembered && oldest !== undefined) remembered.delete(oldest)
  remembered.set(key, hash)
}
