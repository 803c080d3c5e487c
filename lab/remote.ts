import { CommandError } from '../cli/command.ts'
import { makeNode, type LabNode } from './node.ts'
import { isAlive } from './processes.ts'
import { findLabs } from './remove.ts'
import { until } from './run.ts'
import { readState, type LabState } from './state.ts'

const removeTimeoutMs = 60_000

/** A node of any lab on this machine, held by whatever process, by its name. */
export async function openNode(name: string): Promise<{ lab: string; node: LabNode }> {
  const labs = await findLabs()
  const lab = labs.find(({ nodes }) => nodes.some((node) => node.name === name))
  const state = lab?.nodes.find((node) => node.name === name)
  if (!lab || !state) {
    const known = labs.flatMap(({ nodes }) => nodes.map((node) => node.name))
    throw new CommandError(`There is no node ${name}. There is: ${known.join(', ') || 'no lab'}.`)
  }
  const start = async () =>
    Promise.reject(new CommandError(`Only the process that holds lab ${lab.name} can start ${name}.`))
  return { lab: lab.name, node: makeNode(lab.name, state, start) }
}

/** Ends a lab through the process that holds it. Without a name: the only one there is. */
export async function downLab(name?: string): Promise<string> {
  const lab = pick(await findLabs(), name)
  process.kill(lab.owner.pid, 'SIGTERM')
  await until(`lab ${lab.name} to be removed`, async () => !(await readState(lab.name)), removeTimeoutMs)
  await until(`process ${lab.owner.pid} to end`, async () => !isAlive(lab.owner), removeTimeoutMs)
  return lab.name
}

function pick(labs: LabState[], name?: string): LabState {
  const known = labs.map((lab) => lab.name).join(', ') || 'none'
  const [found, another] = name ? labs.filter((lab) => lab.name === name) : labs
  if (!found) throw new CommandError(name ? `There is no lab ${name}. There is: ${known}.` : 'There is no lab.')
  if (another) throw new CommandError(`There are several labs, name the one to end: ${known}.`)
  return found
}
