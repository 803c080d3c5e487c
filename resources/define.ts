import type { z } from 'zod'
import type { Common } from '../protocol/catalog.ts'
import type { Change } from '../protocol/events.ts'
import type { CommandOptions, CommandResult, Foreseen, Host } from './host.ts'

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
  /** Units whose state `check` will ask for, so that all are read in one call; with `watch`, those that it is looked at again for. */
  units?: (name: string) => string[]
  /** Paths whose change, with `watch`, is a reason to look at it again. */
  paths?: (name: string, want: z.infer<Props>) => string[]
  /** The file of which it manages a part: one that another resource manages as a whole is refused. */
  edits?: (name: string, want: z.infer<Props>) => string
  /** The files that it manages as a whole: nothing else may do so with one, or edit a part of it. */
  owns?: (name: string, want: z.infer<Props>) => string[]
  /** The props with what they need to know of the paths that the rest of the catalog manages; asked once all is declared. */
  among?: (name: string, want: z.infer<Props>, managed: string[]) => z.infer<Props>
  /** Reads the machine and changes nothing. No changes means: already as wanted. What is missing is a difference, not an error. */
  check: (name: string, want: z.infer<Props>, host: Host) => Change[] | Promise<Change[]>
  /** Makes the changes that `check` found. Throws with what happened and what to do next. */
  apply: (name: string, want: z.infer<Props>, host: Host, changes: Change[]) => void | Promise<void>
  /** Applies neighbours of this type in one transaction; `apply` is used for a lone one. Gives the errors of those that failed, or were `NotTried`, by name; the others are done. */
  applyMany?: (differing: Differing<z.infer<Props>>[], host: Host) => Promise<Map<string, Error>>
  /** No more neighbours than this at once. Left out, all there are. */
  manyAtMost?: number
  /** Takes away what an agent that died in the middle of `apply` left beside it; what `apply` had taken aside comes back. */
  sweep?: (name: string) => void
  /** What `apply` will have done, told to a plan. Left out, `apply` itself is tried out on what is foreseen: right wherever it only touches files. */
  effects?: (name: string, want: z.infer<Props>, foreseen: Foreseen, changes: Change[]) => void | Promise<void>
  /** The same of `applyMany`, and in the place of `effects` also of a lone one. Gives the errors that it foresees, by name. */
  effectsMany?: (differing: Differing<z.infer<Props>>[], foreseen: Foreseen) => Promise<Map<string, Error>>
  /** The same thing, no longer wanted: how to clean up what it made. Left out, `ensure: 'absent'` where the props have an ensure. */
  unwanted?: (want: z.infer<Props>) => z.infer<Props>
  /** It looks at what runs: what is owed to resources above it in its recipe is done before it, not at the end of the run. */
  seesWhatRuns?: boolean
  /** What it lacks no apply can make: it is deferred, and so is all that comes after it in its recipe, until a later run finds it as wanted. */
  waits?: true
  /** The action that makes the changes, in the place of `apply`: it is owed until the very end of the run, after all else that is owed. */
  by?: string
  /** What other resources may notify this one to do. */
  actions?: Record<string, (name: string, host: Host, want: z.infer<Props>) => Promise<void>>
  /** What an action will have done, or that it will fail, told to a plan. Left out, it succeeds. */
  actionEffects?: (action: string, name: string, want: z.infer<Props>, foreseen: Foreseen) => void | Promise<void>
  /** Actions that these changes made needless: a service just started need not be restarted for what changed before. */
  satisfies?: (changes: Change[]) => string[]
}

/** An error of `applyMany`: one before it failed, and it has its turn only when that is known. */
export class NotTried extends Error {}

/** Gives `want` the type that `props` describes. */
export function defineResource<Props extends z.ZodType>(type: ResourceType<Props>) {
  return type
}

/** Compares what is with what is wanted, prop by prop. A prop wanted as undefined is not managed. */
export function differences(
  current: Record<string, string | undefined>,
  wanted: Record<string, string | undefined>,
): Change[] {
  const changes: Change[] = []
  // A thousand times a run, and hardly ever is there one.
  for (const what of Object.keys(wanted)) {
    const to = wanted[what]
    const from = current[what] ?? null
    if (to !== undefined && to !== from) changes.push({ what, from, to })
  }
  return changes
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
