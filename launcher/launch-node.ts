import { randomBytes } from 'node:crypto'
import { CommandError } from '../cli/command.ts'
import type { Group } from './cluster-file.ts'
import type { WrittenLaunch } from './launch-book.ts'
import { LaunchIsSpent, NoRoom, type Machine } from './provider.ts'
import { lives, type Site, type WantedNode } from './site.ts'
import { userData } from './user-data.ts'
import { noReason, waitUntilReady } from './wait-until-ready.ts'

/** So often a machine may be gone before it was there, before somebody should look why. */
const mostAttempts = 3

/** Makes the node, or goes on making it where an earlier launcher was cut off. It has converged when this comes back. */
export async function launchNode(wanted: WantedNode, site: Site): Promise<Machine> {
  const { provider, book } = site
  const id = await launchMachine(wanted, site)
  const machine = await waitUntilRuns(wanted.node, id, site)
  await provider.adjust(machine, wanted.group)
  const ready = await waitUntilReady(machine, site)
  await book.forget(wanted.node)
  site.tell(wanted.node, 'is ready')
  return ready
}

/** Gives the id of the machine. */
async function launchMachine(wanted: WantedNode, site: Site): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    const written = (await unfinished(wanted.node, site)) ?? (await site.book.inTurn(() => prepareLaunch(wanted, site)))
    if (written.machine !== undefined) return written.machine
    try {
      return await ask(wanted, written, site)
    } catch (error) {
      if (!(error instanceof LaunchIsSpent)) throw error
      await site.book.forget(wanted.node)
      if (attempt === mostAttempts) throw new CommandError(`${wanted.node}: ${error.message}`, { cause: error })
      site.tell(wanted.node, `${error.message} Launched anew.`)
    }
  }
}

/** The launch that an earlier launcher wrote down, if it can still be asked for: its token joins nobody once it has ended. */
async function unfinished(node: string, { book, lookout, now }: Site) {
  const written = book.launchOf(node)
  if (!written || written.machine !== undefined || written.tokenEnds > now()) return written
  // Older than the token is, what was made is to be seen.
  const { machines } = await lookout.look()
  const made = machines.find((machine) => machine.attempt === written.attempt && lives(machine))
  if (made) return { ...written, machine: made.id }
  await book.forget(node)
  return undefined
}

async function prepareLaunch({ node, groupName, group }: WantedNode, site: Site) {
  const { provider, server, book } = site
  const [image, placements] = await Promise.all([
    provider.image(group),
    provider.placements(groupName, group, await otherMachines(node, site)),
  ])
  await server.freeName(node)
  const { token, endsAt, installer } = await server.invite(node, group.roles)
  const written: WrittenLaunch = {
    attempt: randomBytes(8).toString('hex'),
    group: groupName,
    image,
    userData: userData({ url: server.url, token, installer, node }),
    tokenEnds: endsAt,
    placements,
    at: 0,
  }
  await book.write(node, written)
  return written
}

/** All machines but those of the node, also those that are being launched and not seen yet, in the places that they will have. */
async function otherMachines(node: string, { book, lookout }: Site): Promise<Machine[]> {
  const living = (await lookout.look()).machines.filter(lives)
  const launched = book.nodes().flatMap((other) => machineToBe(other, book.launchOf(other)))
  const unseen = launched.filter(({ attempt }) => living.every((machine) => machine.attempt !== attempt))
  return [...living, ...unseen].filter((machine) => machine.node !== node)
}

function machineToBe(node: string, launch: WrittenLaunch | undefined): Machine[] {
  const placement = launch?.placements[launch.at]
  if (!launch || !placement) return []
  const { attempt, group, image } = launch
  const { instanceType, zone = '' } = placement
  return [{ id: '', node, group, attempt, state: 'pending', image, instanceType, zone, launchedAt: 0 }]
}

/** Asks in each placement in turn. One that was asked is asked again before the next, since nobody knows what came of it. */
async function ask({ node, group }: WantedNode, written: WrittenLaunch, site: Site) {
  const { provider, book, tell } = site
  const { attempt, image, placements, userData: text } = written
  const refusals: string[] = []
  for (const [at, placement] of placements.entries()) {
    if (at < written.at) continue
    if (at > written.at && (await wouldGather(node, group, { ...written, at }, site))) {
      refusals.push(`all of ${written.group} would be in ${placement.zone}`)
      continue
    }
    await book.write(node, { ...written, at })
    tell(node, `is launched: ${[placement.instanceType, placement.zone].filter(Boolean).join(' in ')}`)
    try {
      const machine = await provider.launch(
        { node, group: written.group, attempt, placement, image, userData: text },
        group,
      )
      await book.write(node, { ...written, at, machine })
      return machine
    } catch (error) {
      if (!(error instanceof NoRoom)) throw error
      refusals.push(error.message)
      tell(node, error.message)
    }
  }
  await book.forget(node)
  throw new CommandError(
    `${node}: there is no room for it in any of ${placements.length} placements:\n${refusals.join('\n')}\nNext: add instance types, subnets or zones to the cluster file, or try later`,
  )
}

/** Whether a group that is to be spread would be all in one zone: others may be in their second choice by now. */
async function wouldGather(node: string, { spread, count }: Group, written: WrittenLaunch, site: Site) {
  if (!spread || count < 2) return false
  const others = (await otherMachines(node, site)).filter(({ group }) => group === written.group)
  const zone = written.placements[written.at]?.zone
  return others.length >= count - 1 && others.every((machine) => machine.zone === zone)
}

/** It may take a while until it is seen at all. */
async function waitUntilRuns(node: string, id: string, site: Site) {
  let state = 'not seen yet'
  const runs = ({ machines }: { machines: Machine[] }) => {
    const machine = machines.find((each) => each.id === id)
    if (!machine) return undefined
    if (machine.state !== state) site.tell(node, `${id} is ${machine.state}`)
    state = machine.state
    if (!lives(machine)) return machine
    return machine.state === 'running' ? machine : undefined
  }
  const late = () =>
    `${node}: ${id} is ${state} since ${site.patienceMs / 1000} s. Next: look at it, and run this again`
  const machine = await site.lookout.until(runs, site.patienceMs, late)
  if (machine.state === 'running') return machine
  await site.book.forget(node)
  throw new CommandError(`${node}: ${id} is ${machine.state} and never ran: ${machine.stateReason ?? noReason}`)
}
