import { CommandError, UsageError } from './command.ts'
import type { Client } from './api-client.ts'
import type { Context } from './context.ts'
import { countOf } from './order-text.ts'
import { selectNodes, type Selection } from './select-nodes.ts'

interface Asked {
  selection: Selection
  /** `Give base`; asked before nodes that nobody named are written to. */
  what: string
  yes: boolean
}

/** How many calls are under way at a time. */
const atATime = 8

/** Does it on each node that is meant, some at a time. When it fails for some, the others are done all the same; then it throws. */
export async function onEachNode<Result>(
  client: Client,
  { selection, what, yes }: Asked,
  context: Context,
  work: (node: string) => Promise<Result>,
) {
  const names = await chosen(client, selection)
  if (names.length === 0) throw new CommandError('No node is like that.')
  if (!selection.named && !yes)
    await askFirst(`${what}: ${countOf(names.length, 'node')} (${names.join(', ')})?`, context)
  const results: Result[] = []
  const failures: string[] = []
  const queue = names.values()
  await Promise.all(
    Array.from({ length: atATime }, async () => {
      for (const name of queue) {
        try {
          results.push(await work(name))
        } catch (error) {
          if (!(error instanceof CommandError)) throw error
          failures.push(names.length === 1 ? error.message : `${name}: ${error.message}`)
        }
      }
    }),
  )
  if (failures.length > 0) throw new CommandError(failures.join('\n'))
  return results
}

/** The server itself says it best when one that was named is not there. */
async function chosen(client: Client, selection: Selection) {
  if (selection.named) return [...new Set(selection.alternatives.flatMap(([term]) => term?.name ?? []))]
  return (await selectNodes(client, selection)).map(({ name }) => name)
}

async function askFirst(question: string, context: Context) {
  const sure = await context.confirm(question)
  if (sure === undefined)
    throw new UsageError('There is no terminal to ask on; say --yes to do it without being asked.')
  if (!sure) throw new CommandError('Nothing was done.')
}
