import {
  chmodSync,
  chownSync,
  closeSync,
  futimesSync,
  lchownSync,
  linkSync,
  mkdirSync,
  openSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { setAccess } from '../files/ownership.ts'

/** How many links may stand in one path, as in the kernel (path_resolution(7)). */
const mostLinks = 40
/** No ratio makes an archive a bomb before it is this large: a few kilobytes of blanks are none. */
const harmlessBytes = 16 * 1024 * 1024

/** One thing in an archive. */
export interface Entry {
  path: string
  /** `file`, `directory`, `link` and `hard link` are unpacked; anything else is refused by this name. */
  kind: string
  mode: number
  modified?: Date
  /** Of a link or hard link. */
  target?: string
  bytes: () => AsyncIterable<Buffer> | Promise<AsyncIterable<Buffer>>
}

export interface Limits {
  mostBytes: number
  mostEntries: number
  mostRatio: number
}

/** What an archive may unpack to, so that a small one cannot fill the disk. */
export class Bounds {
  readonly mostBytes: number
  readonly #limits: Limits
  #bytes = 0
  #entries = 0

  constructor(limits: Limits, packedBytes: number) {
    this.#limits = limits
    this.mostBytes = Math.min(limits.mostBytes, Math.max(harmlessBytes, packedBytes * limits.mostRatio))
  }

  spend(bytes: number) {
    this.#bytes += bytes
    if (this.#bytes <= this.mostBytes) return
    const prop = this.mostBytes === this.#limits.mostBytes ? 'mostBytes' : 'mostRatio'
    throw new Error(`It unpacks to more than ${this.mostBytes} bytes. If it is no bomb, raise \`${prop}\`.`)
  }

  enter() {
    if (++this.#entries <= this.#limits.mostEntries) return
    throw new Error(`It has more than ${this.#limits.mostEntries} entries. If it is no bomb, raise \`mostEntries\`.`)
  }
}

export interface TreeOptions {
  /** How many leading directories are left out of each path. */
  strip: number
  /** Who is to own all of it; -1 leaves an id as it is. */
  uid: number
  gid: number
}

/**
 * Unpacks into a directory that nobody else can reach, and never outside it: paths are names below it, links are made at the very end, so that
 * nothing is written through one, and only if they lead to somewhere inside. No setuid bit and no right for others to write comes out.
 */
export class Tree {
  readonly #root: string
  readonly #options: TreeOptions
  readonly #kinds = new Map<string, string>()
  readonly #links = new Map<string, string>()

  constructor(root: string, options: TreeOptions) {
    this.#root = root
    this.#options = options
  }

  async take(entry: Entry) {
    const path = this.#pathOf(entry.path)
    if (path === '') return
    this.#makeParents(path)
    const before = this.#kinds.get(path)
    if (before !== undefined && (before === 'link' || before !== entry.kind))
      throw new Error(`It has ${path} twice, as ${before} and as ${entry.kind}, which is refused.`)
    if (entry.kind === 'directory') this.#makeDirectory(path, entry.mode)
    else if (entry.kind === 'file') await this.#writeFile(path, entry, before !== undefined)
    else if (entry.kind === 'hard link') this.#linkHard(path, this.#pathOf(entry.target ?? ''))
    else if (entry.kind === 'link') this.#links.set(path, entry.target ?? '')
    else throw new Error(`It has ${path}, a ${entry.kind}; only files, directories and links are unpacked.`)
    this.#kinds.set(path, entry.kind === 'hard link' ? 'file' : entry.kind)
  }

  /** Makes the links, once all else is there, and opens the root as `mode` says. */
  finish(mode: number) {
    const { uid, gid } = this.#options
    for (const [path, target] of this.#links) this.#assertInside(path, target)
    for (const [path, target] of this.#links) {
      symlinkSync(target, join(this.#root, path))
      lchownSync(join(this.#root, path), uid, gid)
    }
    chownSync(this.#root, uid, gid)
    chmodSync(this.#root, mode)
  }

  /** Below the root, after `strip`; empty for what is left out. */
  #pathOf(path: string) {
    const parts = path.split('/').filter((part) => part !== '' && part !== '.')
    if (path.startsWith('/') || parts.includes('..') || path.includes('\0'))
      throw new Error(`It has ${JSON.stringify(path)}, which leads out of the directory; such an archive is refused.`)
    return parts.slice(this.#options.strip).join('/')
  }

  #makeParents(path: string) {
    const parent = dirname(path)
    if (parent === '.') return
    const kind = this.#kinds.get(parent)
    if (kind === 'directory') return
    if (kind !== undefined) throw new Error(`It has ${path} below ${parent}, which is a ${kind}; that is refused.`)
    this.#makeParents(parent)
    this.#makeDirectory(parent, 0o755)
    this.#kinds.set(parent, 'directory')
  }

  #makeDirectory(path: string, mode: number) {
    const at = join(this.#root, path)
    if (!this.#kinds.has(path)) mkdirSync(at, { mode: 0o700 })
    chownSync(at, this.#options.uid, this.#options.gid)
    chmodSync(at, (mode & 0o755) | 0o700)
  }

  // Synchronous calls: what they write goes to the page cache, and a promise for each call costs ten times the time.
  async #writeFile(path: string, { mode, modified, bytes }: Entry, again: boolean) {
    const at = join(this.#root, path)
    if (again) unlinkSync(at)
    const fd = openSync(at, 'wx', 0o600)
    try {
      for await (const chunk of await bytes()) writeFileSync(fd, chunk)
      setAccess(fd, { ...this.#options, mode: mode & 0o755 })
      if (modified && !Number.isNaN(modified.getTime())) futimesSync(fd, modified, modified)
    } finally {
      closeSync(fd)
    }
  }

  #linkHard(path: string, target: string) {
    if (this.#kinds.get(target) !== 'file')
      throw new Error(
        `It has ${path}, a hard link to ${target || 'nothing'}, which is no file before it in the archive.`,
      )
    linkSync(join(this.#root, target), join(this.#root, path))
  }

  // By the links of the archive themselves: `a/..` is not where it seems to be when `a` is a link.
  #assertInside(path: string, target: string) {
    const refuse = (why: string): never => {
      throw new Error(`It has ${path}, a link to ${JSON.stringify(target)}, which ${why}; such an archive is refused.`)
    }
    const at = path.split('/').slice(0, -1)
    const left = pieces(target)
    let followed = 0
    if (target === '' || target.startsWith('/')) refuse('leads out of the directory')
    for (let part = left.shift(); part !== undefined; part = left.shift()) {
      if (part === '..' && at.pop() === undefined) refuse('leads out of the directory')
      if (part === '..') continue
      at.push(part)
      const next = this.#links.get(at.join('/'))
      if (next === undefined) continue
      if (next.startsWith('/')) refuse('leads out of the directory')
      if (++followed > mostLinks) refuse('leads in a circle')
      at.pop()
      left.unshift(...pieces(next))
    }
  }
}

function pieces(target: string) {
  return target.split('/').filter((part) => part !== '' && part !== '.')
}
