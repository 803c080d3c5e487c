import type { BlobRef } from '../protocol/catalog.ts'

export interface CommandResult {
  /** 128 + the signal's number when a signal ended it, as a shell counts. */
  exitCode: number
  stdout: string
  stderr: string
}

export interface CommandOptions {
  input?: string
  cwd?: string
  /** Added to a minimal environment: PATH, LANG=C.UTF-8, HOME. */
  env?: Record<string, string>
  user?: string
  /** After it the whole child tree is killed and the call rejects. */
  timeoutMs?: number
  /** The command goes on when the agent dies (apt): a systemd scope of its own, output to a file instead of a pipe. */
  outlives?: boolean
}

export interface InstalledPackage {
  version: string
  /** The third word of dpkg's Status: `installed`, `half-configured`, `config-files`, … */
  status: string
  hold: boolean
}

export interface User {
  uid: number
  gid: number
  comment: string
  home: string
  shell: string
}

export interface Group {
  gid: number
  members: string[]
}

/** Properties of a unit as systemd names and spells them; `LoadState` is `not-found` where there is none. */
export interface UnitState {
  LoadState: string
  ActiveState: string
  SubState: string
  UnitFileState: string
  Type: string
  NeedDaemonReload: string
}

export type Kind = 'file' | 'directory' | 'link' | 'pipe' | 'socket' | 'device'

/** What lies at a path itself, links not followed. */
export interface Found {
  kind: Kind
  /** The twelve bits of permissions. */
  mode: number
  uid: number
  gid: number
  /** Bytes. */
  size: number
}

/** Who may do what: numbers, for the kernel. -1 leaves an id as it is. */
export interface ResolvedAccess {
  mode: number
  uid: number
  gid: number
}

/**
 * The machine's files. A type reads and writes them here alone: so a plan can run the same code on files that are only foreseen
 * (agent/machine/foreseen.ts), and each change is whole or not made, synced, with its final mode from the start.
 */
export interface Files {
  /** Undefined if nothing is there. */
  stat: (path: string) => Found | undefined
  /** The bytes of a regular file; a link is followed. */
  read: (path: string) => Buffer
  /** SHA-256 of a regular file's bytes, read in pieces. */
  hash: (path: string) => string
  /** What is written in a link. */
  readLink: (path: string) => string
  /** The names in a directory, sorted. */
  list: (path: string) => string[]
  /** A reader meets the old file or the new one. `accept` may refuse the candidate by throwing. */
  write: (
    path: string,
    bytes: Buffer,
    access: ResolvedAccess,
    accept?: (candidate: string) => Promise<void>,
  ) => Promise<void>
  /** Puts a finished file of the same directory's file system in its place: what is too large to go through memory. */
  adopt: (candidate: string, path: string, access: ResolvedAccess) => void
  /** Of a file or directory. */
  setAccess: (path: string, access: ResolvedAccess) => void
  /** Its parent must be there. */
  makeDirectory: (path: string, access: ResolvedAccess) => void
  /** In one step also where a link or file is there. */
  link: (path: string, target: string) => void
  /** A file, a link, or an empty directory. */
  remove: (path: string) => void
  /** A directory with all that is in it. */
  removeTree: (path: string) => void
  /** Makes durable what was put in place and removed; what is in each file is so from the start. */
  sync: () => void
}

/** The machine as a resource may touch it. Bulk reads are taken once per pass and kept until `changed()`. */
export interface Host {
  files: Files
  /** Gives the result whatever the exit code; rejects when the command cannot be started or was killed for its time. */
  run: (argv: string[], options?: CommandOptions) => Promise<CommandResult>
  /** The bytes, verified against their hash. */
  readBlob: (blob: BlobRef) => Buffer
  /** Keeps the bytes of a file that is about to be replaced, and gives the hash they are kept under. */
  keep: (bytes: Buffer) => string
  /** By name; one read of dpkg's status file. Foreign architectures are under `name:arch`. */
  packages: () => Map<string, InstalledPackage>
  /** One exchange with systemd for all units that the catalog names. */
  unit: (name: string) => Promise<UnitState>
  /** By name; one read of /etc/passwd and of /etc/group. */
  users: () => Map<string, User>
  groups: () => Map<string, Group>
  /** The same object until `changed()`: what `oncePerPass` knows its readings by. */
  pass: () => object
  /** Why the gate with these props has not been open yet on this node; undefined once it has. */
  closedGate: (name: string, want: unknown) => string | undefined
  /** Asks for a reboot, which comes when the run has ended and its report is safe. */
  reboot: (reason: string) => void
  /** Something was changed: what was read before no longer counts. */
  changed: () => void
}

/** What will lie at a path: with its bytes or their hash, where either is known. */
export interface ForeseenPath extends Partial<Omit<Found, 'kind'>> {
  kind: Kind
  bytes?: Buffer
  sha256?: string
  target?: string
}

/**
 * The machine as it will be, on which a plan tries out each change: files are only remembered, commands of an `apply` are not run and
 * succeed. The maps of packages, users and groups are the plan's own, to be changed by `effects`.
 */
export interface Foreseen extends Host {
  /** Runs a command that only reads, for real. */
  look: Host['run']
  /** What will lie there; null: nothing. */
  foresee: (path: string, there: ForeseenPath | null) => void
  foreseeUnit: (name: string, state: Partial<UnitState>) => void
  /** systemd reads all unit files anew. */
  foreseeReload: () => void
  /** Why it is not known which packages will be installed; undefined: it is. */
  readonly packagesInDoubt: string | undefined
  /** Of these nobody can tell any more what they will be, and why. */
  doubt: (paths: string[], units: string[], why: string) => void
  /** The change brings things that cannot be listed, as a package does: what is missing now may be there by then. `but`: what of them is told. */
  mayBring: (what: string, but?: 'packages') => void
  /** All that was told to `mayBring`. */
  brought: readonly string[]
}

/** Thrown in a plan where what will be cannot be known; the message says why. The event is `unknown`. */
export class Unforeseeable extends Error {}
