import { type FSWatcher, statSync, watch } from 'node:fs'
import { basename, dirname, join } from 'node:path'

/**
 * The kernel keeps 16,384 events for a reader (fs.inotify.max_queued_events) and drops what comes beyond, of which Node.js does not tell.
 * After so many without a pause, anything may have been missed.
 */
const manyEvents = 4000
const pauseMs = 50

interface Folder {
  /** The watch on the folder, or on the nearest one above it that is there. */
  watcher: FSWatcher
  at: string
  /** Of the folder that is watched: another one may take its place. */
  inode: number
}

/** Tells when something happened to one of the paths, also when their folders come and go. One inotify watch for each folder. */
export class WatchedPaths {
  readonly #names = new Map<string, Set<string>>()
  readonly #folders = new Map<string, Folder>()
  readonly #touched: (path: string) => void
  #events = 0
  #pause: NodeJS.Timeout | undefined

  constructor(paths: string[], touched: (path: string) => void) {
    this.#touched = touched
    for (const path of paths) {
      const names = this.#names.get(dirname(path)) ?? new Set()
      this.#names.set(dirname(path), names.add(basename(path)))
    }
    for (const folder of this.#names.keys()) this.#arm(folder)
  }

  close() {
    clearTimeout(this.#pause)
    for (const { watcher } of this.#folders.values()) watcher.close()
    this.#folders.clear()
  }

  /** Watches the folder; where it is not there, what is nearest above it, until it is. */
  #arm(folder: string) {
    for (let at = folder; ; at = dirname(at)) {
      const inode = inodeOf(at)
      const watcher = inode === undefined ? undefined : this.#watch(at, folder)
      if (inode === undefined || !watcher) {
        if (at === '/') return
        continue
      }
      this.#folders.set(folder, { watcher, at, inode })
      // It may have come, or gone, between the look and the watch.
      if (inodeOf(at) === inode && (at === folder || inodeOf(folder) === undefined)) return
      watcher.close()
      at = join(folder, '.')
    }
  }

  #watch(at: string, folder: string) {
    try {
      const watcher = watch(at, (_type, name) => this.#heard(folder, name))
      watcher.on('error', () => this.#rearm(folder))
      return watcher
    } catch {
      // Gone since we looked: what is above it is watched instead.
      return undefined
    }
  }

  #heard(folder: string, name: string | null) {
    this.#count()
    const known = this.#folders.get(folder)
    if (known && (known.at !== folder || inodeOf(folder) !== known.inode)) return this.#rearm(folder)
    if (name !== null && this.#names.get(folder)?.has(name)) this.#touched(join(folder, name))
    return undefined
  }

  #rearm(folder: string) {
    const before = this.#folders.get(folder)
    before?.watcher.close()
    this.#arm(folder)
    const now = this.#folders.get(folder)
    if (before?.at !== now?.at || before?.inode !== now?.inode) this.#touchAll(folder)
  }

  #touchAll(folder: string) {
    for (const name of this.#names.get(folder) ?? []) this.#touched(join(folder, name))
  }

  #count() {
    this.#events++
    clearTimeout(this.#pause)
    this.#pause = setTimeout(() => {
      if (this.#events > manyEvents) for (const folder of this.#names.keys()) this.#touchAll(folder)
      this.#events = 0
    }, pauseMs).unref()
  }
}

function inodeOf(path: string) {
  try {
    const found = statSync(path, { throwIfNoEntry: false })
    return found?.isDirectory() ? found.ino : undefined
  } catch {
    // A part of the path is no folder: then it is not there.
    return undefined
  }
}
