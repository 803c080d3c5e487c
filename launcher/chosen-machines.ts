import { CommandError } from '../cli/command.ts'
import { closest } from '../protocol/closest.ts'
import type { Machine } from './provider.ts'
import { inOrder, lives, type Site } from './site.ts'

/** The living machines of those groups and nodes, or all of the cluster. A name that is none of both is refused. */
export async function chosenMachines(names: string[], { file, lookout }: Site): Promise<Machine[]> {
  const machines = (await lookout.look()).machines.filter(lives)
  const groups = Object.keys(file.groups)
  const known = [...groups, ...machines.map(({ node }) => node)]
  for (const name of names) {
    if (known.includes(name)) continue
    const near = closest(name, known)
    throw new CommandError(
      `cluster ${file.cluster} has no group and no node ${name}.${near ? ` Did you mean ${near}?` : ''} Next: trivet launch status FILE`,
    )
  }
  const isChosen = ({ node, group }: Machine) => names.length === 0 || names.includes(node) || names.includes(group)
  return inOrder(file, machines.filter(isChosen))
}
