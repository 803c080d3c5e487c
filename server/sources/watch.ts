import { type FSWatcher, watch } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { hasCode } from '../../protocol/errors.ts'
import { isScratch, type SourceDirs } from './files.ts'

/** How long it must have been quiet: an editor writes, renames and deletes in one breath. */
const quietMs = 100

/**
 * Calls `onChange` after something in the folders changed. Watches folders, never files, so a file that is replaced by
 * rename stays watched; watches the parents too, so a folder that is swapped as a whole is seen.
 */
export function watchSources({ recipes, roles, types }: SourceDirs, onChange: () => void) {
  const roots = [recipes, roles, ...(types === undefined ? [] : [types])].map((dir) => resolve(dir))
  const parents = new Set(roots.map((root) => dirname(root)))
  const watched = watchedFolders(heard)
  let quiet: NodeJS.Timeout | undefined

  function heard(dir: string, name: string | null) {
    const swapped = name !== null && roots.includes(join(dir, name))
    if (parents.has(dir) && !swapped && !roots.includes(dir)) return
    if (name !== null && isScratch(name)) return
    // Behind the same path there may be another folder by now.
    if (swapped) watched.keepOnly(parents)
    clearTimeout(quiet)
    // A folder that cannot be read is for the loading to report, so `onChange` is called all the same.
    quiet = setTimeout(() => void follow().then(tell, tell), quietMs)
  }

  function tell() {
    if (!watched.closed()) onChange()
  }

  async function follow() {
    const inner = await Promise.all(roots.map(findFolders))
    const wanted = new Set([...parents, ...inner.flat()])
    watched.keepOnly(wanted)
    for (const dir of wanted) watched.add(dir)
  }

  return {
    /** From here on no change is missed. */
    ready: follow(),
    close() {
      clearTimeout(quiet)
      watched.close()
    },
  }
}

function watchedFolders(onEvent: (dir: string, name: string | null) => void) {
  const watchers = new Map<string, FSWatcher>()
  let isClosed = false

  function keepOnly(wanted: Set<string>) {
    for (const [dir, watcher] of watchers) if (!wanted.has(dir)) drop(dir, watcher)
  }

  function drop(dir: string, watcher: FSWatcher) {
    watcher.close()
    if (watchers.get(dir) === watcher) watchers.delete(dir)
  }

  function add(dir: string) {
    if (isClosed || watchers.has(dir)) return
    try {
      const watcher = watch(dir, (_event, name) => onEvent(dir, name))
      watcher.on('error', () => drop(dir, watcher))
      watchers.set(dir, watcher)
    } catch (error) {
      // Gone since it was listed: its parent's watcher tells of that.
      unlessUnreadable(error)
    }
  }

  function close() {
    isClosed = true
    keepOnly(new Set())
  }

  return { add, keepOnly, close, closed: () => isClosed }
}

async function findFolders(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { withFileTypes: true }).catch(unlessUnreadable)
  if (!entries) return []
  const inner = entries.filter((entry) => entry.isDirectory() && !isScratch(entry.name))
  return [dir, ...(await Promise.all(inner.map(({ name }) => findFolders(join(dir, name))))).flat()]
}

/** What cannot be read is for the loading to report, with its path. */
function unlessUnreadable(error: unknown): undefined {
  if (!hasCode(error, 'ENOENT', 'ENOTDIR', 'EACCES', 'EPERM')) throw error
}
