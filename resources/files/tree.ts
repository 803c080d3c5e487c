import { dirname } from 'node:path'
import type { BlobRef } from '../../protocol/catalog.ts'
import type { Change } from '../../protocol/events.ts'
import { applyFile, checkFile, type FileWant } from '../file.ts'
import type { Found, Host } from '../host.ts'
import { keepOld } from './keep.ts'
import { type Access, accessDifferences, resolveAccess } from './ownership.ts'
import { removeTree } from './remove-tree.ts'

/** What is wanted of all that is in a directory. */
interface Inside extends Access {
  content?: Record<string, BlobRef> | undefined
  fileMode?: string | undefined
  recurse: boolean
  purge: boolean
  keep?: string[] | undefined
}

/** One thing to be made in it. `shown` are its changes as they were shown, to be told under which hash an old file is kept. */
interface Step {
  changes: Change[]
  make: (shown: Change[]) => void | Promise<void>
}

/** All that is to be made in the directory, in an order to do so. */
export async function stepsInside(path: string, want: Inside, host: Host): Promise<Step[]> {
  const { content = {} } = want
  const links = parentsOf(content).filter((at) => host.files.stat(join(path, at))?.kind === 'link')
  if (links.length > 0) return links.map((at) => refusal(path, at))
  const isThere = host.files.stat(path)?.kind === 'directory'
  const entries =
    isThere && (want.purge || want.recurse) ? [...entriesIn(path, '', leftAlone(want), want.purge, host)] : []
  const [gone, stay] = [entries.filter((entry) => entry.goes), entries.filter((entry) => !entry.goes)]
  return [
    ...gone.map((entry) => removal(path, entry, host)),
    ...parentsOf(content).flatMap((at) => parent(path, at, want, host)),
    ...(await Promise.all(Object.entries(content).map(([at, blob]) => file(path, at, blob, want, host)))).flat(),
    ...(want.recurse ? stay.flatMap((entry) => access(path, entry, want, host)) : []),
  ]
}

/** What it was filled with, and the directories below it that are empty then. */
export function removeContent(path: string, content: Record<string, BlobRef>, { files }: Host) {
  const isInside = (at: string) => above(at).every((folder) => files.stat(join(path, folder))?.kind === 'directory')
  for (const at of Object.keys(content).filter(isInside))
    if (files.stat(join(path, at))?.kind === 'file') files.remove(join(path, at))
  for (const at of parentsOf(content).filter(isInside).toReversed()) {
    const inner = join(path, at)
    if (files.stat(inner)?.kind === 'directory' && files.list(inner).length === 0) files.remove(inner)
  }
}

interface Entry {
  /** From the directory. */
  at: string
  found: Found
  goes: boolean
}

interface Left {
  here: Set<string>
  below: Set<string>
}

function leftAlone({ content = {}, keep = [] }: Inside): Left {
  const here = new Set([...keep, ...Object.keys(content)])
  return { here, below: new Set([...here].flatMap(above)) }
}

// What another resource manages answers for itself, with all that is in it.
function* entriesIn(path: string, folder: string, left: Left, purge: boolean, host: Host): Generator<Entry> {
  for (const name of host.files.list(join(path, folder))) {
    const at = join(folder, name)
    const found = host.files.stat(join(path, at))
    if (!found || left.here.has(at)) continue
    const isOnTheWay = left.below.has(at) && (found.kind === 'directory' || found.kind === 'link')
    const goes = purge && !isOnTheWay
    yield { at, found, goes }
    if (found.kind === 'directory' && !goes) yield* entriesIn(path, at, left, purge, host)
  }
}

/** Whoever may write in the directory could lead us anywhere by it, and own what we write there. */
function refusal(path: string, at: string): Step {
  return {
    changes: [{ what: at, from: 'link', to: 'directory' }],
    make() {
      throw new Error(
        `${join(path, at)} is a link, which is not followed to what belongs below it. Remove it, so that a directory can be made.`,
      )
    },
  }
}

function removal(path: string, { at, found }: Entry, host: Host): Step {
  const inner = join(path, at)
  return {
    changes: [{ what: at, from: found.kind, to: 'absent' }],
    make(shown) {
      keepOld(
        inner,
        found,
        host,
        shown.find(({ what }) => what === at),
      )
      if (found.kind === 'directory') removeTree(inner, host)
      else host.files.remove(inner)
    },
  }
}

function parent(path: string, at: string, want: Inside, host: Host): Step[] {
  const inner = join(path, at)
  if (host.files.stat(inner)?.kind === 'directory') return []
  const make = () => host.files.makeDirectory(inner, resolveAccess(want, undefined, 0o755, host))
  return [{ changes: [{ what: at, from: 'absent', to: 'directory' }], make }]
}

async function file(path: string, at: string, content: BlobRef, want: Inside, host: Host): Promise<Step[]> {
  const { fileMode: mode, owner, group } = want
  const fileWant: FileWant = { ensure: 'present', content, mode, owner, group, backup: true }
  const changes = await checkFile(join(path, at), fileWant, host)
  if (changes.length === 0) return []
  const make = async (shown: Change[]) => {
    await applyFile(join(path, at), fileWant, host, changes)
    for (const { what, kept } of changes) noteKept(shown, `${at} ${what}`, kept)
  }
  return [{ changes: changes.map((change) => ({ ...change, what: `${at} ${change.what}` })), make }]
}

function access(path: string, { at, found }: Entry, want: Inside, host: Host): Step[] {
  if (found.kind !== 'file' && found.kind !== 'directory') return []
  const wanted = { ...want, mode: found.kind === 'file' ? want.fileMode : want.mode }
  const changes = accessDifferences(found, wanted, host).map((change) => ({ ...change, what: `${at} ${change.what}` }))
  const make = () => host.files.setAccess(join(path, at), resolveAccess(wanted, found, 0, host))
  return changes.length > 0 ? [{ changes, make }] : []
}

function noteKept(shown: Change[], what: string, kept: string | undefined) {
  const change = shown.find((one) => one.what === what)
  if (change && kept !== undefined) change.kept = kept
}

function parentsOf(content: Record<string, BlobRef>) {
  return [...new Set(Object.keys(content).flatMap(above))].toSorted()
}

/** `a/b/c` → `a`, `a/b` */
function above(at: string): string[] {
  const folder = dirname(at)
  return folder === '.' ? [] : [...above(folder), folder]
}

function join(folder: string, name: string) {
  if (folder === '' || name === '') return folder + name
  return `${folder}/${name}`
}
