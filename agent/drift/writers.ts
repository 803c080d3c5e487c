import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, readSync } from 'node:fs'
import { codeOf } from '../../protocol/errors.ts'
import { allPids } from '../machine/proc.ts'

/** A longer script is read no further. */
const mostOfScript = 64 * 1024
const scratch = Buffer.alloc(mostOfScript)

/**
 * Processes that seem to write the path: that have it open for writing now, name it in their arguments, or run a script that does. The
 * kernel does not tell who wrote (inotify(7)), so this is a guess by what runs when it is looked.
 */
export function writersOf(path: string): string[] {
  return allPids().flatMap((pid) => {
    const argv = pid === process.pid ? [] : argvOf(pid)
    return argv.length > 0 && seemsToWrite(pid, argv, path) ? [`process ${pid} (${argv.join(' ').slice(0, 200)})`] : []
  })
}

function seemsToWrite(pid: number, argv: string[], path: string) {
  if (argv.some((word) => word.includes(path))) return true
  return hasOpen(pid, path) || argv.slice(0, 3).some((word) => startOf(pid, word).includes(path))
}

function argvOf(pid: number) {
  return tolerating(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').filter(Boolean), [])
}

function hasOpen(pid: number, path: string) {
  return tolerating(() => {
    const open = readdirSync(`/proc/${pid}/fd`).filter((fd) => linkOf(`/proc/${pid}/fd/${fd}`) === path)
    return open.some((fd) => isForWriting(readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8')))
  }, false)
}

function linkOf(path: string) {
  return tolerating(() => readlinkSync(path), '')
}

// The access mode is the lowest octal digit of the flags: 1 writes, 2 reads and writes (proc(5), open(2)).
function isForWriting(fdinfo: string) {
  const flags = /^flags:\s*([0-7]+)$/m.exec(fdinfo)?.[1] ?? '0'
  return (Number.parseInt(flags, 8) & 3) !== 0
}

// As the process sees it, from where it stands.
function startOf(pid: number, word: string) {
  const script = word.startsWith('/') ? `/proc/${pid}/root${word}` : `/proc/${pid}/cwd/${word}`
  return tolerating(() => {
    const fd = openSync(script, 'r')
    try {
      const bytes = scratch.subarray(0, readSync(fd, scratch))
      return bytes.subarray(0, 1024).includes(0) ? '' : bytes.toString('latin1')
    } finally {
      closeSync(fd)
    }
  }, '')
}

/** Processes end while they are looked at, and some hide from who looks: then there is nothing to say of them. */
function tolerating<Result>(look: () => Result, otherwise: Result): Result {
  try {
    return look()
  } catch (error) {
    if (codeOf(error) === undefined) throw error
    return otherwise
  }
}
