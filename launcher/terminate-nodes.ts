import { CommandError } from '../cli/command.ts'
import { giveUpLaunch } from './give-up-launch.ts'
import type { Machine } from './provider.ts'
import { lives, type Site } from './site.ts'

/** Ends the machines and takes their nodes out of the fleet; comes back when they are gone. */
export async function terminateNodes(machines: Machine[], site: Site, { force = false } = {}) {
  const { provider, book, lookout, tell, patienceMs } = site
  if (machines.length === 0) return
  if (!force) await refuseProtected(machines, site)
  for (const { node, id } of machines) tell(node, `${id} is terminated`)
  await provider.terminate(machines)
  const ids = new Set(machines.map(({ id }) => id))
  const living = (seen: Machine[]) => seen.filter((machine) => ids.has(machine.id) && machine.state !== 'terminated')
  let left = machines
  await lookout.until(
    (view) => {
      left = living(view.machines)
      return left.length === 0 || undefined
    },
    patienceMs,
    () =>
      `not gone yet: ${left.map(({ node, id, state }) => `${node} (${id} is ${state})`).join(', ')}. Next: run this again`,
  )
  await archiveGone(machines, site)
  for (const { node } of machines) tell(node, 'is gone')
  for (const { node, attempt } of machines) if (book.launchOf(node)?.attempt === attempt) await giveUpLaunch(node, site)
}

/** Where another machine is that node, it stays in the fleet. */
async function archiveGone(machines: Machine[], { server, lookout }: Site) {
  const view = await lookout.look()
  const still = new Set(view.machines.filter(lives).map(({ node }) => node))
  for (const node of new Set(machines.map((machine) => machine.node))) if (!still.has(node)) await server.archive(node)
}

/** Nodes that somebody was cut off before archiving: named as those of the file's groups or as what tries their images, away, and without a machine. */
export async function archiveAbandoned({ file, server, lookout, book }: Site) {
  const { machines, nodes } = await lookout.look()
  const groups = Object.keys(file.groups).map((group) => `${file.cluster}-${group}-`)
  const isOurs = (name: string) =>
    groups.some((group) => name.startsWith(group) && /^(\d+|trial)$/.test(name.slice(group.length)))
  for (const { name, connected } of nodes.values()) {
    const hasMachine = machines.some((machine) => lives(machine) && machine.node === name)
    if (isOurs(name) && !connected && !hasMachine && !book.launchOf(name)) await server.archive(name)
  }
}

async function refuseProtected(machines: Machine[], { provider }: Site) {
  const refused = await provider.protectedOf(machines)
  if (refused.length === 0) return
  const named = refused.map(({ node, id }) => `${node} (${id})`).join(', ')
  throw new CommandError(
    `protected against being terminated: ${named}. Nothing was terminated. Next: --force takes the protection from them`,
  )
}
