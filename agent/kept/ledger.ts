import { z } from 'zod'
import { Cleanup, digestOf, type ResourceId, Sha256 } from '../../protocol/catalog.ts'
import type { Cause } from '../../protocol/events.ts'
import { isRecord } from '../../protocol/is-record.ts'
import { faultPoint } from '../../resources/fault-points.ts'
import type { Prepared } from '../runs/prepare.ts'
import { moveAside, readReplaceableText, writeSynced } from './state.ts'

/** What Trivet is about to do to one thing, or has done: to make it, or to change what somebody else has made. With all that is needed to take it away again. */
export const Made = z.strictObject({
  type: z.string(),
  name: z.string(),
  props: z.unknown(),
  how: z.enum(['made', 'changed']),
  recipe: z.string(),
  cleanup: Cleanup,
  sensitive: z.literal(true).optional(),
  /** Of a file that was there before: the hash under which the node keeps its bytes, and who might do what. */
  before: z.strictObject({ kept: Sha256.optional(), mode: z.int(), uid: z.int(), gid: z.int() }).optional(),
})
export type Made = z.infer<typeof Made>

/** What is left over of it is read by its schema when it is taken away: reading all by it takes a tenth of a run that repairs a little. */
const Book = z.strictObject({
  /** By id: the digest of each resource as it was last found, or made, as wanted. */
  converged: z.record(z.string(), z.string()),
  /** By id, in the order in which they were first made. */
  made: z.record(z.string(), z.custom<Made>(isRecord)),
})
type Book = z.infer<typeof Book>

/** What a run that changes nothing needs to know of the book. */
const Cover = z.strictObject({ catalog: Sha256.nullable(), orphans: z.int() })

/**
 * What Trivet made on this machine, and what was last as wanted: tells drift from intent, and what nobody wants any more.
 * A file of two lines, cover and book, so that the common run reads only the first. Without it nothing is lost but memory: what Trivet
 * does not know to have made, it never removes.
 */
export class Ledger {
  readonly #path: string
  #text: string
  #cover: z.infer<typeof Cover>
  #read: Book | undefined
  #isChanged = false

  constructor(path: string) {
    this.#path = path
    this.#text = readReplaceableText(path) ?? ''
    this.#cover = this.#parse(0, Cover) ?? { catalog: null, orphans: 0 }
  }

  /** Whether the machine was last as this resource says: then a difference is drift, not intent. */
  causeOf({ id, want }: Prepared): Cause {
    return this.#book.converged[id] === digestOf(want) ? 'drift' : 'intended'
  }

  /** Whether there is nothing to write down after a run of this catalog that changes nothing, and nothing is left over. */
  isSettled(digest: string) {
    return this.#cover.catalog === digest && this.#cover.orphans === 0
  }

  /** What is known of the first time stays. */
  making(id: ResourceId, made: Made) {
    const known = this.#book.made[id]
    this.#book.made[id] = known ? { ...made, how: known.how, ...(known.before && { before: known.before }) } : made
    this.#isChanged = true
  }

  kept(id: ResourceId, hash: string) {
    const before = this.#book.made[id]?.before
    if (!before || before.kept !== undefined) return
    before.kept = hash
    this.#isChanged = true
  }

  forget(id: ResourceId) {
    delete this.#book.made[id]
    this.#isChanged = true
  }

  /** What was made, or changed, and is no longer in the catalog, the last made first. */
  orphans(digest: string, prepared: Prepared[]): Made[] {
    if (this.isSettled(digest)) return []
    const wanted = new Set<string>(prepared.map(({ id }) => id))
    const left = Object.entries(this.#book.made).filter(([id]) => !wanted.has(id))
    return this.#reading(() => left.map(([, made]) => Made.parse(made)))?.toReversed() ?? []
  }

  /** All that was made, or changed: its props tell what is needed to know it again, and to take it away. */
  get made() {
    return Object.values(this.#book.made).flatMap(({ props }) => (isRecord(props) ? [{ props }] : []))
  }

  /** Hashes of kept files that may be asked for again. */
  get keptHashes() {
    return new Set(Object.values(this.#book.made).flatMap(({ before }) => before?.kept ?? []))
  }

  /**
   * Writes down what a run came to, where that is news: `converged` are those of `prepared` that are now as wanted. A thing is of the recipe that
   * declared it last, whose last word says what becomes of it.
   */
  close(
    digest: string,
    prepared: Prepared[],
    converged: (one: Prepared) => boolean,
    cleanupOf: (recipe: string) => Cleanup,
  ) {
    if (!this.#isChanged && this.#cover.catalog === digest) return
    const book = this.#book
    const before = book.converged
    const isKnown = this.#cover.catalog === digest
    book.converged = {}
    for (const one of prepared) {
      const made = book.made[one.id]
      if (made) made.recipe = one.resource.recipe
      const known = before[one.id]
      // Of the same catalog all digests that are known are those of what it wants.
      const wanted = isKnown && known !== undefined ? known : digestOf(one.want)
      if (converged(one) || known === wanted) book.converged[one.id] = wanted
      // What somebody else makes there from now on is theirs.
      if (converged(one) && isAbsent(one.want) && book.made[one.id]?.how === 'made') delete book.made[one.id]
    }
    const recipes = new Set(prepared.map(({ resource }) => resource.recipe))
    for (const made of Object.values(book.made)) if (recipes.has(made.recipe)) made.cleanup = cleanupOf(made.recipe)
    this.#write({
      catalog: digest,
      orphans: Object.keys(book.made).length - prepared.filter(({ id }) => id in book.made).length,
    })
  }

  /** Writes down what was made by a run that did not come to its end: what is as wanted by now, and left over, the next one will say. */
  save() {
    if (this.#isChanged) this.#write({ catalog: null, orphans: 0 })
  }

  #write(cover: z.infer<typeof Cover>) {
    faultPoint('ledger.closing')
    writeSynced(this.#path, `${JSON.stringify(cover)}\n${JSON.stringify(this.#book)}\n`)
    faultPoint('ledger.closed')
    this.#cover = cover
    this.#isChanged = false
  }

  get #book() {
    this.#read ??= this.#parse(1, Book) ?? { converged: {}, made: {} }
    return this.#read
  }

  #parse<Schema extends z.ZodType>(line: 0 | 1, schema: Schema): z.infer<Schema> | undefined {
    if (this.#text === '') return undefined
    return this.#reading(() => schema.parse(JSON.parse(this.#text.split('\n', 2)[line] ?? '')))
  }

  #reading<Result>(read: () => Result): Result | undefined {
    try {
      return read()
    } catch (error) {
      this.#text = ''
      this.#read = { converged: {}, made: {} }
      return moveAside(this.#path, error)
    }
  }
}

function isAbsent(want: unknown) {
  return isRecord(want) && want['ensure'] === 'absent'
}
