import { lstatSync, readFileSync, readlinkSync } from 'node:fs'

interface Access {
  mode: number
  uid: number
  gid: number
}
/** What lies at a path. */
export type Look =
  | { kind: 'nothing' }
  | { kind: 'link'; target: string }
  | ({ kind: 'directory' } & Access)
  | ({ kind: 'file'; text: string } & Access)

export interface Thing {
  before: Look
  after: Look
  /** What the ledger says in the end, if anything. */
  ledger?: 'made' | 'changed'
  /** Replaced in two steps, of which only the first may be done. */
  inTwo?: true
  /** Made in steps: of one that is half made nobody can tell who made it, so it is not claimed. */
  inSteps?: true
  /** Whose events tell of it, where it is not a resource itself; null: nobody's. */
  by?: string | null
}

const nothing: Look = { kind: 'nothing' }
const file = (text: string, mode = 0o644, owner = 0, gid = owner): Look => ({
  kind: 'file',
  text,
  mode,
  uid: owner,
  gid,
})
const directory = (mode: number, owner = 0): Look => ({ kind: 'directory', mode, uid: owner, gid: owner })

/** All that lies in a node's root, as the recipes say it. */
export const things: Record<string, Thing> = {
  conf: { before: file('old\n'.repeat(3000), 0o640), after: file('new\n'.repeat(3000), 0o640), ledger: 'changed' },
  secret: { before: nothing, after: file('secret', 0o600, 1), ledger: 'made' },
  readable: { before: nothing, after: file('to be read', 0o440, 1), ledger: 'made' },
  access: { before: file('the same', 0o640, 0, 2), after: file('the same', 0o604, 1), ledger: 'made' },
  folder: { before: nothing, after: directory(0o550, 1), ledger: 'made', inSteps: true },
  'folder/inner': { before: nothing, after: file('inner'), ledger: 'made' },
  tightened: { before: directory(0o755), after: directory(0o700, 1), ledger: 'made' },
  link: {
    before: { kind: 'link', target: 'old-target' },
    after: { kind: 'link', target: 'new-target' },
    ledger: 'made',
  },
  gone: { before: file('not for long'), after: nothing },
  tree: { before: directory(0o755), after: nothing },
  'tree/leaf': { before: file('a leaf'), after: nothing, by: null },
  app: { before: directory(0o755), after: directory(0o755), ledger: 'made', inTwo: true },
  'app/one': { before: file('old'), after: file('new'), by: 'archive[', inTwo: true },
  lines: { before: file('a\nb\n'), after: file('a\nb\nc\n'), ledger: 'made' },
  fetched: { before: nothing, after: file('fetched\n'.repeat(1000)), ledger: 'made' },
  flaky: { before: nothing, after: file(''), by: 'exec[twice]' },
  'flaky.d': { before: nothing, after: directory(0o755), by: null },
  removable: { before: file('ours'), after: nothing },
  restorable: { before: file('ours'), after: file('theirs\n') },
  keepable: { before: file('ours'), after: file('ours'), ledger: 'made' },
}

export function lookAt(path: string): Look {
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (!found) return nothing
  if (found.isSymbolicLink()) return { kind: 'link', target: readlinkSync(path) }
  const access = { mode: found.mode & 0o7777, uid: found.uid, gid: found.gid }
  return found.isDirectory()
    ? { kind: 'directory', ...access }
    : { kind: 'file', text: readFileSync(path, 'utf8'), ...access }
}

/** In words short enough for a table's footnotes. */
export function shown(look: Look) {
  if (look.kind === 'nothing') return look.kind
  if (look.kind === 'link') return `link to ${look.target}`
  const access = `${look.mode.toString(8)} ${look.uid}:${look.gid}`
  return look.kind === 'file' ? `file of ${look.text.length} bytes, ${access}` : `directory, ${access}`
}

/** Whether nobody may do what neither before nor after allows: not for the owner's and the group's rights of one with the ids of the other. */
export function isNoMoreOpen(is: Look, { before, after }: Thing) {
  if (!('mode' in is)) return true
  const rights = [before, after].filter((one) => 'mode' in one)
  const ofOwner = rights.filter(({ uid }) => uid === is.uid || is.uid === 0)
  const ofGroup = rights.filter(({ gid }) => gid === is.gid)
  const allowed = most(ofOwner, 0o700) | most(ofGroup, 0o070) | most(rights, 0o007)
  return (is.mode & 0o777 & ~allowed) === 0
}

function most(of: Access[], bits: number) {
  return of.reduce((mode, one) => mode | (one.mode & bits), 0)
}
