import { asError } from '../../protocol/errors.ts'
import { NotTried } from '../define.ts'

/** So many bytes are under way at once: they go through memory. A larger file goes alone. */
const mostBytes = 4 * 1024 * 1024

/**
 * Applies each item while those before it are still being synced: a disk syncs many files in hardly more time than one. `turn` is over when all
 * before it are in their places; it rejects when one of them is not to come. Gives the first failure by name; what comes after it is not tried.
 */
export async function sideBySide<Item extends { name: string }>(
  items: Item[],
  bytesOf: (item: Item) => number,
  apply: (item: Item, turn: Promise<void>) => Promise<void>,
): Promise<Map<string, Error>> {
  const outcomes: Promise<Error | undefined>[] = []
  let before = Promise.resolve()
  let bytes = 0
  for (const item of items) {
    if (bytes + bytesOf(item) > mostBytes) {
      if ((await outcomes.at(-1)) !== undefined) break
      bytes = 0
    }
    bytes += bytesOf(item)
    before = apply(item, before)
    outcomes.push(before.then(() => undefined, asError))
  }
  const errors = await Promise.all(outcomes)
  const at = errors.findIndex((error) => error !== undefined)
  if (at === -1) return new Map()
  return new Map(items.slice(at).map(({ name }, index) => [name, (index === 0 && errors[at]) || new NotTried()]))
}
