import { CommandError } from '../cli/command.ts'

/** So many nodes are made at a time: EC2 fills its bucket of launches up by two a second. */
const mostAtOnce = 20

/** Does `work` for each, several at a time. One that fails ends no other; all failures are told together at the end. */
export async function forEachNode<Item>(items: Item[], work: (item: Item) => Promise<void>, atOnce = mostAtOnce) {
  const failures: CommandError[] = []
  const waiting = items[Symbol.iterator]()
  const worker = async () => {
    for (const item of waiting) {
      try {
        await work(item)
      } catch (error) {
        if (!(error instanceof CommandError)) throw error
        failures.push(error)
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker))
  if (failures.length > 0) throw new CommandError(failures.map(({ message }) => message).join('\n'))
}
