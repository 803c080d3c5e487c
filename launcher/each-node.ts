import { CommandError } from '../cli/command.ts'

/** So many nodes are made at a time: EC2 fills its bucket of launches up by two a second. */
const mostAtOnce = 20

/** Does `work` for each, several at a time. A CommandError of one ends no other; anything else lets none begin any more. Comes back when nothing is done any more. */
export async function forEachNode<Item>(items: Item[], work: (item: Item) => Promise<void>, atOnce = mostAtOnce) {
  const waiting = [...items]
  const worker = async () => {
    const failures: CommandError[] = []
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) {
      try {
        await work(item)
      } catch (error) {
        if (!(error instanceof CommandError)) {
          waiting.length = 0
          throw error
        }
        failures.push(error)
      }
    }
    if (failures.length > 0) throw new CommandError(eachOnce(failures))
  }
  await together(Array.from({ length: Math.min(atOnce, items.length) }, worker))
}

/** Comes back when all of them have ended, and only then tells their failures, all in one. */
export async function together<Result>(work: Promise<Result>[]): Promise<Result[]> {
  const ended = await Promise.allSettled(work)
  const failures = ended.flatMap((one) => (one.status === 'rejected' ? [asError(one.reason)] : []))
  const [first, ...others] = failures
  const fault = failures.find((failure) => !(failure instanceof CommandError))
  if (fault) throw fault
  if (first && others.length === 0) throw first
  if (first) throw new CommandError(eachOnce(failures))
  return ended.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
}

function eachOnce(failures: Error[]) {
  return [...new Set(failures.map(({ message }) => message))].join('\n')
}

function asError(reason: unknown) {
  return reason instanceof Error ? reason : new Error(String(reason))
}
