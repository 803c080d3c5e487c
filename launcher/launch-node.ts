import { randomBytes } from 'node:crypto'
import { CommandError } from '../cli/command.ts'
import type { Group } from './cluster-file.ts'
import { giveUpLaunch } from './give-up-launch.ts'
import type { WrittenLaunch } from './launch-book.ts'
import type { View } from './lookout.ts'
import { LaunchIsSpent, NoRoom, type Machine } from './provider.ts'
import { noInstaller } from './server.ts'
import { lives, type Site, type WantedNode } from './site.ts'
import { userData } from './user-data.ts'
import { BootFailed, noReason, waitUntilBooted } from './wait-until-ready.ts'

/** So often a machine may be gone before it was there, before somebody should look why. */
const mostAttempts = 3
/** A machine that has not joined by then turns itself off, and is gone: nobody may be there any more to end it. Its token has ended as well. */
const deadMansMinutes = 60
/** What was made is seen by then, however late a cloud may be. */
const seenWithinMs = 10 * 60_000

/** Makes the node, or goes on making it where an earlier launcher was cut off. It has converged when this comes back. */
export async function launchNode(wanted: WantedNode, site: Site): Promise<Machine> {
  const { provider, book, tell, keepOnFailure } = site
  const { node, group } = wanted
  const machine = await launchMachine(wanted, site)
  try {
    await provider.adjust(machine, group)
    const ready = await waitUntilBooted(machine, site)
    await provider.keepWhenOff(machine, group)
    await book.forget(node)
    tell(node, 'is ready')
    return ready
  } catch (error) {
    if (!(error instanceof BootFailed)) throw error
    if (keepOnFailure) throw new CommandError(`${error.message}\n${machine.id} is kept.`, { cause: error })
    await provider.terminate([machine])
    await giveUpLaunch(node, site)
    const left = `${machine.id} was terminated; --keep-on-failure would have kept it.`
    throw new CommandError(`${error.message}\n${left}`, { cause: error })
  }
}

/** Gives the machine once it runs. */
async function launchMachine(wanted: WantedNode, site: Site): Promise<Machine> {
  const { node } = wanted
  for (let attempt = 1; ;) {
    const written = (await unfinished(node, site)) ?? (await prepareInTurn(wanted, site))
    try {
      const id = written.machine ?? (await ask(wanted, written, site))
      const machine = await waitUntilRuns(node, id, { isResumed: written.machine !== undefined }, site)
      if (await findsServer(node, written, site)) return machine
      site.tell(node, `${id} was told to find the server at ${written.serverUrl}, and is launched anew`)
      await site.provider.terminate([machine])
      await giveUpLaunch(node, site)
    } catch (error) {
      if (error instanceof NoRoom) {
        await goOnToNextPlacement(node, error, site)
      } else if (error instanceof LaunchIsSpent) {
        await giveUpLaunch(node, site)
        if (attempt++ === mostAttempts) throw new CommandError(`${node}: ${error.message}`, { cause: error })
        site.tell(node, `${error.message} Launched anew.`)
      } else throw error
    }
  }
}

/** Since it was launched, the operator may have said another address of the server. */
async function findsServer(node: string, { serverUrl }: WrittenLaunch, { server, lookout }: Site) {
  if (serverUrl === (await server.url.find())) return true
  const { nodes } = await lookout.look()
  return nodes.get(node)?.connected === true
}

/** The launch that an earlier launcher wrote down, if it can still come to something. */
async function unfinished(node: string, site: Site) {
  const { book, lookout, now } = site
  const written = book.launchOf(node)
  // Without an id the same can be asked again, while its token lets somebody in.
  const isYoung =
    written && now() < (written.machine === undefined ? written.tokenEnds : written.askedAt + seenWithinMs)
  if (!written || isYoung) return written
  // By now, what was made is to be seen.
  const { machines } = await lookout.look()
  const made = machines.find((machine) => machine.attempt === written.attempt && lives(machine))
  if (made) return { ...written, machine: made.id }
  await giveUpLaunch(node, site)
  return undefined
}

/** Where the places of the others matter, each is to know them. */
function prepareInTurn(wanted: WantedNode, site: Site) {
  const prepare = () => prepareLaunch(wanted, site)
  return wanted.group.spread ? site.book.inTurn(prepare) : prepare()
}

async function prepareLaunch({ node, groupName, group, isBaked = false }: WantedNode, site: Site) {
  const { provider, server, book, file, keepOnFailure, now } = site
  const others = await otherMachines(node, site)
  const [image, placements] = await Promise.all([provider.image(group), provider.placements(groupName, group, others)])
  await server.freeName(node)
  const serverUrl = await server.url.find()
  const { id, token, endsAt, installer } = await (file.enrolment === 'attested' && provider.attests
    ? server.inviteAttested(groupName)
    : server.invite(node, group.roles))
  if (!installer && !isBaked && !provider.mayHaveAgent(group)) {
    await server.withdraw(id)
    throw new CommandError(`${node}: ${noInstaller}`)
  }
  const written: WrittenLaunch = {
    attempt: randomBytes(8).toString('hex'),
    group: groupName,
    image,
    serverUrl,
    userData: userData({
      url: serverUrl,
      token,
      installer: isBaked ? undefined : installer,
      node,
      ...(!keepOnFailure && { deadMansMinutes }),
    }),
    ...(id !== undefined && { tokenId: id }),
    tokenEnds: endsAt,
    placements,
    at: 0,
    askedAt: now(),
  }
  await book.write(node, written)
  return written
}

/** All machines but those of the node, also those that are being launched and not seen yet, in the places that they will have. */
async function otherMachines(node: string, { book, lookout }: Site): Promise<Machine[]> {
  const { machines } = await lookout.look()
  const launched = book.nodes().flatMap((other) => machineToBe(other, book.launchOf(other)))
  const unseen = launched.filter(({ attempt }) => machines.every((machine) => machine.attempt !== attempt))
  return [...machines.filter(lives), ...unseen].filter((machine) => machine.node !== node)
}

function machineToBe(node: string, launch: WrittenLaunch | undefined): Machine[] {
  const placement = launch?.placements[launch.at]
  if (!launch || !placement) return []
  const { attempt, group, image } = launch
  const { instanceType, zone = '' } = placement
  return [{ id: '', node, group, attempt, state: 'pending', image, instanceType, zone, launchedAt: 0 }]
}

/** Asks in the placement that is written: again, where it was asked before, since nobody knows what came of it. Throws NoRoom. */
async function ask({ node, group }: WantedNode, written: WrittenLaunch, { provider, book, tell, now }: Site) {
  const { attempt, image, placements, at, userData: text } = written
  const placement = placements[at]
  if (!placement) throw new CommandError(`${node}: its launch has no placement ${at}`)
  await book.write(node, { ...written, askedAt: now() })
  tell(node, `is launched: ${[placement.instanceType, placement.zone].filter(Boolean).join(' in ')}`)
  const machine = await provider.launch(
    { node, group: written.group, attempt, placement, image, userData: text },
    group,
  )
  await book.write(node, { ...written, askedAt: now(), machine })
  return machine
}

/** In turn, since a spread group must not gather where all of them go to their second choice at once. */
function goOnToNextPlacement(node: string, { message }: NoRoom, site: Site) {
  const { book, tell, file } = site
  return book.inTurn(async () => {
    const written = book.launchOf(node)
    if (!written) throw new CommandError(`${node}: ${message}`)
    tell(node, message)
    const group = file.groups[written.group]
    const refusals = [...(written.refusals ?? []), message]
    for (let at = written.at + 1; at < written.placements.length; at++) {
      const next = { ...written, at, machine: undefined, refusals }
      if (!(await wouldGather(node, group, next, site))) return book.write(node, next)
      refusals.push(`all of ${written.group} would be in ${written.placements[at]?.zone}`)
    }
    await giveUpLaunch(node, site)
    throw new CommandError(
      `${node}: there is no room for it in any of ${written.placements.length} placements:\n${refusals.join('\n')}\nNext: add instance types, subnets or zones to the cluster file, or try later`,
    )
  })
}

async function wouldGather(node: string, group: Group | undefined, written: WrittenLaunch, site: Site) {
  if (!group?.spread || group.count < 2) return false
  const others = (await otherMachines(node, site)).filter((machine) => machine.group === written.group)
  const zone = written.placements[written.at]?.zone
  return others.length >= group.count - 1 && others.every((machine) => machine.zone === zone)
}

/** It may take a while until it is seen at all. One that somebody stopped meanwhile is started. Throws NoRoom where it went for that. */
async function waitUntilRuns(node: string, id: string, { isResumed }: { isResumed: boolean }, site: Site) {
  const { provider, lookout, tell, patienceMs } = site
  let state = 'not seen yet'
  let isStarted = false
  const runs = async ({ machines }: View) => {
    const machine = machines.find((each) => each.id === id)
    if (!machine) return undefined
    if (machine.state !== state) tell(node, `${id} is ${machine.state}`)
    state = machine.state
    if (machine.state === 'stopped' && !isStarted) {
      isStarted = true
      await provider.start([machine])
    }
    return machine.state === 'running' || !lives(machine) ? machine : undefined
  }
  const late = () => `${node}: ${id} is ${state} after ${patienceMs / 1000} s. Next: look at it, and run this again`
  const machine = await lookout.until(runs, patienceMs, late)
  if (machine.state === 'running') return machine
  const why = machine.stateReason ?? noReason
  if (machine.lackedRoom) throw new NoRoom(`${id} went before it ran: ${why}`)
  // Somebody has ended it since, or its own switch has.
  if (isResumed) throw new LaunchIsSpent(`${id} is ${machine.state}: ${why}.`)
  await giveUpLaunch(node, site)
  throw new CommandError(`${node}: ${id} is ${machine.state} and never ran: ${why}`)
}
