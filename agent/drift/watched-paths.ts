import { type FSWatcher, readlinkSync, statSync, watch } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import type { Log } from '../../cli/command.ts'
import { codeOf, hasCode, messageOf } from '../../protocol/errors.ts'

/**
 * The kernel keeps 16,384 events for a reader (fs.inotify.max_queued_events) and drops what comes beyond, of which Node.js does not tell.
 * After so many without a pause, anything may have been missed.
 */
const manyEvents = 4000
const pauseMs = 50

/** Links of a path are followed to at most so many (path_resolution(7)). */
const mostLinks = 40

interface Watched {
  watcher: FSWatcher
  /** Of the folder that is watched: another one may take its place. */
  inode: number
}

/**
 * Tells when something happened to one of the paths, also when folders above them come, go, are renamed, or are links that lead elsewhere. One
 * inotify watch for each folder from the root down to them.
 */
export class WatchedPaths {
  /** By folder, as its path is written: the names in it that are watched for. */
  readonly #names = new Map<string, Set<string>>()
  /** All folders on the way, with the folders below them that hang on each. */
  readonly #below = new Map<string, Set<string>>()
  readonly #watched = new Map<string, Watched>()
  readonly #touched: (path: string) => void
  readonly #log: Log
  #events = 0
  #pause: NodeJS.Timeout | undefined
  #isShort = false

  constructor(paths: string[], touched: (path: string) => void, log: Log) {
    this.#touched = touched
    this.#log = log
    for (const path of paths) {
      const names = this.#names.get(dirname(path)) ?? new Set()
      this.#names.set(dirname(path), names.add(basename(path)))
    }
    for (const folder of this.#names.keys()) this.#follow(folder, folder)
    for (const folder of this.#below.keys()) this.#arm(folder)
  }

  /** Watches anew what is another folder by now, as after a mount over it, of which the kernel tells nobody; and tells of what is in it. */
  refresh() {
    for (const folder of this.#below.keys()) this.#look(folder)
  }

  close() {
    clearTimeout(this.#pause)
    for (const { watcher } of this.#watched.values()) watcher.close()
    this.#watched.clear()
  }

  /** The folder and all above it; where one is a link, also those above where it leads to. */
  #follow(folder: string, needed: string, links = 0) {
    for (let at = folder; ; at = dirname(at)) {
      const below = this.#below.get(at) ?? new Set()
      this.#below.set(at, below.add(needed))
      const target = links < mostLinks ? targetOf(at) : undefined
      if (target !== undefined) this.#follow(resolve(dirname(at), target), needed, links + 1)
      if (at === '/') return
    }
  }

  #arm(folder: string) {
    const inode = inodeOf(folder)
    if (inode === undefined) return
    try {
      const watcher = watch(folder, (_type, name) => this.#heard(folder, name))
      watcher.on('error', () => this.#look(folder))
      this.#watched.set(folder, { watcher, inode })
    } catch (error) {
      if (hasCode(error, 'ENOENT', 'ENOTDIR')) return
      if (!this.#isShort)
        this.#log(
          `not all that is to be watched can be; drift of the rest waits for the next run: ${messageOf(error)}${remedyFor(error)}`,
          { level: 'warn' },
        )
      this.#isShort = true
    }
  }

  #heard(folder: string, name: string | null) {
    this.#count()
    if (name === null) return
    if (this.#names.get(folder)?.has(name)) this.#touched(join(folder, name))
    const path = join(folder, name)
    if (this.#below.has(path)) this.#look(path)
  }

  /** When another folder, or none, is there by now, what hangs on it is watched and told anew. */
  #look(folder: string) {
    if (!this.#rearm(folder)) return
    for (const needed of this.#below.get(folder) ?? []) {
      this.#follow(needed, needed)
      for (const name of this.#names.get(needed) ?? []) this.#touched(join(needed, name))
    }
    for (const other of this.#below.keys())
      if (other.startsWith(`${folder}/`) || !this.#watched.has(other)) this.#rearm(other)
  }

  /** Gives whether another folder, or none, is there by now. */
  #rearm(folder: string) {
    const known = this.#watched.get(folder)
    if (known?.inode === inodeOf(folder)) return false
    known?.watcher.close()
    this.#watched.delete(folder)
    this.#arm(folder)
    return true
  }

  #count() {
    this.#events++
    clearTimeout(this.#pause)
    this.#pause = setTimeout(() => {
      if (this.#events > manyEvents) {
        for (const [folder, names] of this.#names) for (const name of names) this.#touched(join(folder, name))
      }
      this.#events = 0
    }, pauseMs).unref()
  }
}

/** Which limit of the kernel is too low (inotify(7)). */
function remedyFor(error: unknown) {
  if (hasCode(error, 'ENOSPC')) return '. Raise fs.inotify.max_user_watches'
  return hasCode(error, 'EMFILE') ? '. Raise fs.inotify.max_user_instances' : ''
}

/** Where a path leads that is a link. */
function targetOf(path: string) {
  try {
    return readlinkSync(path)
  } catch (error) {
    if (codeOf(error) === undefined) throw error
    // No link, or not there.
    return undefined
  }
}

function inodeOf(path: string) {
  try {
    const found = statSync(path, { throwIfNoEntry: false })
    return found?.isDirectory() ? found.ino : undefined
  } catch (error) {
    if (codeOf(error) === undefined) throw error
    // A part of the path is no folder: then it is not there.
    return undefined
  }
}
