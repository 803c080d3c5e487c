import Database from 'better-sqlite3'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { CommandError } from '../cli/command.ts'
import { cannotWrite, writeSafely } from '../cli/write-safely.ts'
import { describeIssues } from '../protocol/describe-issue.ts'
import { hasCode, messageOf, unlessMissing } from '../protocol/errors.ts'
import type { ClusterFile } from './cluster-file.ts'
import { Placement } from './provider.ts'

/** A launch that is not known to have made a node yet. */
const WrittenLaunch = z.strictObject({
  attempt: z.string(),
  group: z.string(),
  image: z.string(),
  /** Where the machine is told to find the server. */
  serverUrl: z.string(),
  /** With its join token: the file is for its owner alone. */
  userData: z.string(),
  /** By which the join token is withdrawn; undefined where it joins without one. */
  tokenId: z.string().optional(),
  /** When the join token ends, in ms since 1970. */
  tokenEnds: z.int(),
  placements: z.array(Placement).min(1),
  /** The one that is tried. */
  at: z.int().min(0),
  /** Why those before it were not taken. */
  refusals: z.array(z.string()).optional(),
  /** ms since 1970, when it was asked for last. */
  askedAt: z.int(),
  /** What the provider has called it; until then it may or may not be there. */
  machine: z.string().optional(),
})
export type WrittenLaunch = z.infer<typeof WrittenLaunch>

const Book = z.strictObject({ launches: z.record(z.string(), WrittenLaunch) })

/**
 * What is being launched, written down before it is asked for and on the disk when `write` comes back: whoever goes on after a kill asks for the same
 * once more, and gets the same. Only one program at a time has a cluster's book open.
 */
export class LaunchBook {
  readonly #path: string
  readonly #lock: Database.Database | undefined
  readonly #launches: Map<string, WrittenLaunch>
  #written: Promise<void> = Promise.resolve()
  #turn: Promise<unknown> = Promise.resolve()

  private constructor(path: string, lock: Database.Database | undefined, launches: Record<string, WrittenLaunch>) {
    this.#path = path
    this.#lock = lock
    this.#launches = new Map(Object.entries(launches))
  }

  /** `scope` as the provider has it. */
  static async open(folder: string, scope: string, { cluster }: Pick<ClusterFile, 'cluster'>) {
    await mkdir(folder, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
      throw cannotWrite(folder, error)
    })
    const path = pathOf(folder, scope, cluster)
    const lock = lockFor(path, cluster)
    try {
      return new LaunchBook(path, lock, await read(path))
    } catch (error) {
      lock.close()
      throw error
    }
  }

  /** For who only looks, also while a launcher works. */
  static async look(folder: string, scope: string, { cluster }: Pick<ClusterFile, 'cluster'>) {
    return new LaunchBook(pathOf(folder, scope, cluster), undefined, await read(pathOf(folder, scope, cluster)))
  }

  launchOf(node: string) {
    return this.#launches.get(node)
  }

  /** One after the other, so that each knows what the one before has written. */
  inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#turn.then(work)
    this.#turn = result.catch(() => undefined)
    return result
  }

  /** Nodes whose launch is not over. */
  nodes() {
    return [...this.#launches.keys()]
  }

  write(node: string, launch: WrittenLaunch) {
    this.#launches.set(node, launch)
    return this.#save()
  }

  forget(node: string) {
    return this.#launches.delete(node) ? this.#save() : Promise.resolve()
  }

  close() {
    this.#lock?.close()
  }

  /** One after the other, each with all that is known by then. */
  #save() {
    const save = () =>
      writeSafely(this.#path, [`${JSON.stringify({ launches: Object.fromEntries(this.#launches) }, null, 2)}\n`]).catch(
        (error: unknown) => {
          throw error instanceof CommandError ? error : cannotWrite(this.#path, error)
        },
      )
    this.#written = this.#written.then(save, save)
    return this.#written
  }
}

function pathOf(folder: string, scope: string, cluster: string) {
  return join(folder, `${scope}-${cluster}.json`)
}

async function read(path: string) {
  const text = await readFile(path, 'utf8').catch(unlessMissing)
  if (text === undefined) return {}
  const { success, data, error } = Book.safeParse(parsed(text))
  if (success) return data.launches
  throw new CommandError(
    `${path} is damaged: ${describeIssues(error).join('; ')}. It tells which launches are not over. Next: see by trivet launch status what is there, then move the file away.`,
  )
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** A lock of SQLite's: the system gives it back however its holder ends, on each system that has Node.js. */
function lockFor(bookPath: string, cluster: string) {
  const path = `${bookPath}.lock`
  let lock: Database.Database | undefined
  try {
    lock = new Database(path, { timeout: 0 })
    lock.exec('begin exclusive')
    return lock
  } catch (error) {
    lock?.close()
    if (hasCode(error, 'SQLITE_BUSY'))
      throw new CommandError(
        `another trivet launch works on cluster ${cluster}. Next: wait until it is done, or end it`,
        { cause: error },
      )
    throw new CommandError(`Cannot lock ${path}: ${messageOf(error)}. Is the disk full, or may you not write there?`, {
      cause: error,
    })
  }
}
