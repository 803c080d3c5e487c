import { CommandError } from '../cli/command.ts'
import { readBoot } from './boot-phase.ts'
import { changesOf, isNoNode, keptMachines, type Change } from './changes.ts'
import { forEachNode, together } from './each-node.ts'
import { launchNode } from './launch-node.ts'
import type { Machine } from './provider.ts'
import { rehearseLaunches } from './rehearse-launches.ts'
import { lives, wantedNodes, whyNotUp, type Site, type WantedNode } from './site.ts'
import { tokenLivesMs } from './server.ts'
import { waitUntilBooted, waitUntilReady } from './wait-until-ready.ts'
import { archiveAbandoned, terminateNodes } from './terminate-nodes.ts'
import { startNodes } from './power.ts'

/** What there is to do, of what is there now. */
export async function survey({ file, provider, server, book, lookout }: Site): Promise<Change[]> {
  await server.requireRoles(file)
  const [view, archived] = await Promise.all([lookout.look(), server.archived()])
  const differences = await provider.differences(file, view.machines.filter(lives))
  return changesOf(file, view, {
    differences,
    unfinished: book.nodes(),
    archived,
    typeOf: (group) => provider.typeOf(group),
  })
}

/** Does the changes; what cannot be done in place was told and is left. Machines that are too many go first, since their places may be needed. */
export async function bringUp(changes: Change[], site: Site) {
  const { file, provider, server, lookout } = site
  const { superfluous, stopped, roles, wanted } = sorted(changes)
  await provider.prepare(file)
  await rehearseLaunches(wanted, site)
  await terminateNodes(superfluous, site)
  await archiveAbandoned(site)
  await provider.release(new Set(wantedNodes(file).map(({ node }) => node)))
  await adjustAll(site, (await lookout.look()).machines.filter(lives))
  for (const { action, what } of changes) if (action === 'restore') await server.restore(what)
  for (const { what, roles: missing } of roles) await server.assign(what, missing)
  await together([
    startNodes(stopped, site),
    forEachNode(wanted, async (each) => {
      await launchNode(each, site)
    }),
  ])
  await waitForAll(site)
}

/** Also those that were there before: whoever is told that a cluster is up relies on all of it. */
export async function waitForAll(site: Site) {
  const { machines, nodes } = await site.lookout.look()
  const names = new Set(wantedNodes(site.file).map(({ node }) => node))
  const late = keptMachines(machines, nodes).filter((machine) => {
    const node = nodes.get(machine.node)
    return names.has(machine.node) && (!node || whyNotUp(node) !== undefined)
  })
  await together(late.map((machine) => waitForOne(machine, nodes.has(machine.node), site)))
}

/** One that is in no fleet may boot yet, also for another launcher; when it has booted it comes no more. */
async function waitForOne(machine: Machine, isNode: boolean, site: Site) {
  if (isNode) return waitUntilReady(machine, site)
  const { phase } = readBoot(await site.provider.console(machine))
  const isOld = site.now() - machine.launchedAt > tokenLivesMs
  if ((phase === 'joined' || isOld) && !(await site.server.nodes()).has(machine.node))
    throw new CommandError(
      `${machine.node}: ${machine.id} ${isNoNode}. Next: trivet launch destroy FILE ${machine.node}, then up`,
    )
  return waitUntilBooted(machine, site)
}

function sorted(changes: Change[]) {
  const superfluous: Machine[] = []
  const stopped: Machine[] = []
  const roles: Extract<Change, { action: 'assign' }>[] = []
  const wanted: WantedNode[] = []
  for (const change of changes) {
    if (change.action === 'destroy') superfluous.push(change.machine)
    if (change.action === 'start') stopped.push(change.machine)
    if (change.action === 'assign') roles.push(change)
    if (change.action === 'create') wanted.push(change.wanted)
  }
  return { superfluous, stopped, roles, wanted }
}

/** Those that run already: tags, protection and addresses may be others by now. */
async function adjustAll({ file, provider }: Site, machines: Machine[]) {
  for (const machine of machines) {
    const group = file.groups[machine.group]
    if (group && machine.state === 'running') await provider.adjust(machine, group)
  }
}
