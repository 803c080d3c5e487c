import { basename, dirname, join, resolve } from 'node:path'
import { sha256 } from '../../protocol/catalog.ts'
import { hasCode } from '../../protocol/errors.ts'
import { type Files, type ForeseenPath, type Found, type ResolvedAccess, Unforeseeable } from '../../resources/host.ts'
import { explained } from '../../resources/files/write-atomically.ts'
import { Sight } from './sight.ts'

/** How many links the kernel follows in one path (path_resolution(7)). */
const mostLinks = 40

interface Entry extends ForeseenPath {
  /** The content is what really lies there; only the access is foreseen. */
  asItIs?: boolean
}

/** The files as they will be: the machine's own, with what a plan foresees laid over them. Nothing is written. */
export class ForeseenFiles implements Files {
  readonly #real: Files
  readonly #entries = new Map<string, Entry | null>()
  readonly #doubts = new Map<string, string>()
  readonly #sight: Sight
  /** When each was foreseen to come, to change or to go, counted from 1. */
  readonly #when = new Map<string, number>()
  #count = 0

  constructor(real: Files, sight = new Sight()) {
    this.#real = real
    this.#sight = sight
  }

  foresee(path: string, there: ForeseenPath | null) {
    const at = this.#canonical(path)
    for (const below of this.#entries.keys()) if (below.startsWith(`${at}/`)) this.#forget(below)
    for (const below of this.#doubts.keys()) if (below.startsWith(`${at}/`)) this.#doubts.delete(below)
    this.#set(at, there)
  }

  #forget(at: string) {
    this.#entries.delete(at)
    this.#when.delete(at)
  }

  /** What is at this path cannot be told any more. A path whose links lead in a circle nobody can look at anyway. */
  doubt(path: string, why: string) {
    try {
      this.#doubts.set(this.#canonical(path), why)
    } catch (error) {
      if (!hasCode(error, 'ELOOP')) throw error
    }
  }

  #set(at: string, entry: Entry | null) {
    this.#entries.set(at, entry)
    this.#when.set(at, ++this.#count)
    if (this.#sight.assuming === undefined) this.#doubts.delete(at)
    else this.#doubts.set(at, this.#sight.assuming)
  }

  /** How many things were foreseen until now; with it `isNewer` tells what came later. */
  get count() {
    return this.#count
  }

  /** Whether something was foreseen at one of the paths, or directly in one that ends in `.d`, after `count` was that. */
  isNewer(paths: string[], count: number) {
    const wanted = new Set(paths.map((path) => this.#canonical(path)))
    return [...this.#when].some(([path, at]) => {
      const folder = dirname(path)
      return at > count && (wanted.has(path) || (folder.endsWith('.d') && wanted.has(folder)))
    })
  }

  stat = (path: string): Found | undefined => this.#found(this.#canonical(path))

  read = (path: string): Buffer => {
    const at = this.#target(path)
    const entry = this.#entries.get(at)
    if (entry === undefined || entry?.asItIs) return this.#isCovered(at) ? refuse('ENOENT', path) : this.#real.read(at)
    if (entry === null) return refuse('ENOENT', path)
    if (entry.kind !== 'file') return refuse('EISDIR', path)
    if (entry.bytes === undefined) throw new Unforeseeable(`what will be in ${path} is not known yet`)
    return entry.bytes
  }

  hash = (path: string): string => {
    const at = this.#canonical(path)
    const entry = this.#entries.get(at)
    if (entry?.sha256 !== undefined) return entry.sha256
    if (entry?.bytes) return sha256(entry.bytes)
    if (entry === undefined || entry?.asItIs) return this.#isCovered(at) ? refuse('ENOENT', path) : this.#real.hash(at)
    return entry === null ? refuse('ENOENT', path) : sha256(this.read(path))
  }

  readLink = (path: string): string => {
    const at = this.#canonical(path)
    const entry = this.#entries.get(at)
    return entry?.target ?? (entry === null || this.#isCovered(at) ? refuse('ENOENT', path) : this.#real.readLink(at))
  }

  list = (path: string): string[] => {
    const at = this.#target(path)
    const found = this.#found(at)
    if (found?.kind !== 'directory') return refuse(found ? 'ENOTDIR' : 'ENOENT', path)
    const entry = this.#entries.get(at)
    this.#sight.hasMissed = true
    const real = this.#isCovered(at) || (entry && !entry.asItIs) ? [] : this.#real.list(at)
    const foreseen = [...this.#entries.keys()].filter((one) => dirname(one) === at).map((one) => basename(one))
    return [...new Set([...real, ...foreseen])].filter((name) => this.#found(join(at, name))).toSorted()
  }

  write = async (path: string, bytes: Buffer, access: ResolvedAccess) => {
    this.#needParent(path)
    if (this.stat(path)?.kind === 'directory') refuse('EISDIR', path)
    this.foresee(path, { kind: 'file', bytes, size: bytes.length, ...known(access, this.stat(path)) })
  }

  adopt = (_candidate: string, path: string, access: ResolvedAccess) => {
    this.#needParent(path)
    this.foresee(path, { kind: 'file', ...known(access, this.stat(path)) })
  }

  setAccess = (path: string, access: ResolvedAccess) => {
    const at = this.#canonical(path)
    const found = this.#found(at) ?? refuse('ENOENT', path)
    const entry = this.#entries.get(at) ?? { ...found, asItIs: true }
    this.#set(at, { ...entry, ...known(access, found) })
  }

  makeDirectory = (path: string, access: ResolvedAccess) => {
    this.#needParent(path)
    if (this.stat(path)) refuse('EEXIST', path)
    this.foresee(path, { kind: 'directory', ...known(access, undefined) })
  }

  link = (path: string, target: string) => {
    this.#needParent(path)
    if (this.stat(path)?.kind === 'directory') refuse('EISDIR', path)
    this.foresee(path, { kind: 'link', target })
  }

  remove = (path: string) => {
    const found = this.stat(path) ?? refuse('ENOENT', path)
    if (found.kind === 'directory' && this.list(path).length > 0) refuse('ENOTEMPTY', path)
    this.foresee(path, null)
  }

  sync = () => {}

  removeTree = (path: string) => {
    if (!this.stat(path)) refuse('ENOENT', path)
    this.foresee(path, null)
  }

  #found(at: string): Found | undefined {
    this.#sight.require(this.#doubts.get(at))
    const found = this.#foundThere(at)
    if (!found && isOpen(this.#foundThere(dirname(at)))) this.#sight.hasMissed = true
    return found
  }

  #foundThere(at: string): Found | undefined {
    const entry = this.#entries.get(at)
    if (entry === null) return undefined
    if (entry)
      return {
        kind: entry.kind,
        mode: entry.mode ?? 0o644,
        uid: entry.uid ?? 0,
        gid: entry.gid ?? 0,
        size: entry.size ?? 0,
      }
    return this.#isCovered(at) ? undefined : this.#real.stat(at)
  }

  // Below what is foreseen to be removed, made anew or no directory, nothing of the real machine counts.
  #isCovered(at: string) {
    for (let above = dirname(at); above !== '/'; above = dirname(above)) {
      const entry = this.#entries.get(above)
      if (entry === null || (entry && !entry.asItIs)) return true
    }
    return false
  }

  #needParent(path: string) {
    const parent = this.#found(this.#target(dirname(path)))
    if (!parent) throw explained(failure('ENOENT', path), path)
    if (parent.kind !== 'directory') throw explained(failure('ENOTDIR', path), path)
  }

  /** The one path under which a thing is remembered: links above it followed, it itself not. */
  #canonical(path: string, links = 0): string {
    return path === '/' ? path : join(this.#target(dirname(path), links), basename(path))
  }

  /** The same with a link at the end followed too. */
  #target(path: string, links = 0): string {
    if (links > mostLinks) return refuse('ELOOP', path)
    const at = this.#canonical(path, links)
    const entry = this.#entries.get(at)
    const isLink = this.#found(at)?.kind === 'link'
    if (!isLink) return at
    return this.#target(resolve(dirname(at), entry?.target ?? this.#real.readLink(at)), links + 1)
  }
}

/** Something may come to be in what is no directory only once that is gone. */
function isOpen(above: Found | undefined) {
  return above === undefined || above.kind === 'directory'
}

/** -1 leaves an id as it is: that of who is there, or of root, as whom the agent runs. */
function known({ mode, uid, gid }: ResolvedAccess, found: Found | undefined) {
  return { mode, uid: uid === -1 ? (found?.uid ?? 0) : uid, gid: gid === -1 ? (found?.gid ?? 0) : gid }
}

function failure(code: string, path: string) {
  return Object.assign(new Error(`${code}: ${path}`), { code })
}

function refuse(code: string, path: string): never {
  throw failure(code, path)
}
