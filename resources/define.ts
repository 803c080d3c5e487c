import type { z } from 'zod'
import type { BlobRef, Common } from '../protocol/catalog.ts'
import type { Change } from '../protocol/events.ts'

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

/** Properties of a unit as systemd names and spells them; `LoadState` is `not-found` where there is none. */
export interface UnitState {
  LoadState: string
  ActiveState: string
  SubState: string
  UnitFileState: string
  Type: string
  NeedDaemonReload: string
}

/** The machine as a resource may touch it beyond its files. Bulk reads are taken once per pass and kept until `changed()`. */
export interface Host {
  /** Gives the result whatever the exit code; rejects when the command cannot be started or was killed for its time. */
  run(argv: string[], options?: CommandOptions): Promise<CommandResult>
  /** The bytes, verified against their hash. */
  readBlob(blob: BlobRef): Buffer
  /** Keeps the bytes of a file that is about to be replaced, and gives the hash they are kept under. */
  keep(bytes: Buffer): string
  /** By name; one read of dpkg's status file. Foreign architectures are under `name:arch`. */
  packages(): Map<string, InstalledPackage>
  /** One call to systemd for all units that the catalog names. */
  unit(name: string): Promise<UnitState>
  /** By name; one read of /etc/passwd and of /etc/group. */
  users(): Map<string, { uid: number; gid: number; comment: string; home: string; shell: string }>
  groups(): Map<string, { gid: number; members: string[] }>
  /** Something was changed: what was read before no longer counts. */
  changed(): void
}

/** One resource as a type sees it: what is wanted, and after `check` what differs. */
export interface Differing<Want> {
  name: string
  want: Want
  changes: Change[]
}

export interface ResourceType<Props extends z.ZodType = z.ZodType> {
  type: string
  /** One sentence for the reference. */
  summary: string
  /** Lines of a recipe, for the reference. */
  example?: string
  props: Props
  /** What a name must look like, and the error otherwise. Names that begin with `-` are refused everywhere. */
  name: z.ZodType<string>
  /** Props that hold bytes: a recipe may give them as text, the catalog has a BlobRef. */
  blobs?: (keyof z.infer<Props> & string)[]
  /** What is wrong with a resource that neither `name` nor `props` alone can tell: the compiler refuses it with this text. */
  problem?: (name: string, want: z.infer<Props>, common: Common) => string | undefined
  /** Units whose state `check` will ask for, so that all are read in one call. */
  units?: (name: string) => string[]
  /** Reads the machine and changes nothing. No changes means: already as wanted. What is missing is a difference, not an error. */
  check: (name: string, want: z.infer<Props>, host: Host) => Change[] | Promise<Change[]>
  /** Makes the changes that `check` found. Throws with what happened and what to do next. */
  apply: (name: string, want: z.infer<Props>, host: Host, changes: Change[]) => void | Promise<void>
  /** Applies neighbours of this type in one transaction; `apply` is used for a lone one. Gives the errors of those that failed, by name; the others are done. */
  applyMany?: (differing: Differing<z.infer<Props>>[], host: Host) => Promise<Map<string, Error>>
  /** It looks at what runs: what is owed to resources above it in its recipe is done before it, not at the end of the run. */
  seesWhatRuns?: boolean
  /** What other resources may notify this one to do. */
  actions?: Record<string, (name: string, host: Host, want: z.infer<Props>) => Promise<void>>
  /** Actions that these changes made needless: a service just started need not be restarted for what changed before. */
  satisfies?: (changes: Change[]) => string[]
}

/** Gives `want` the type that `props` describes. */
export function defineResource<Props extends z.ZodType>(type: ResourceType<Props>) {
  return type
}

/** Compares what is with what is wanted, prop by prop. A prop wanted as undefined is not managed. */
export function differences(
  current: Record<string, string | undefined>,
  wanted: Record<string, string | undefined>,
): Change[] {
  return Object.entries(wanted).flatMap(([what, to]) => {
    const from = current[what] ?? null
    return to === undefined || to === from ? [] : [{ what, from, to }]
  })
}

/** Runs a command that must exit with 0; otherwise throws with command, exit code and what it said last. */
export async function must(host: Host, argv: string[], options: CommandOptions = {}) {
  const result = await host.run(argv, options)
  if (result.exitCode !== 0) throw new Error(commandFailed(argv, result))
  return result
}

/** `systemctl start x exited with 1: Job for x.service failed.` */
export function commandFailed(argv: string[], { exitCode, stdout, stderr }: CommandResult) {
  const said = (stderr.trim() || stdout.trim()).slice(-4000)
  return `${argv.join(' ')} exited with ${exitCode}${said ? `: ${said}` : ''}`
}
