import { randomBytes } from 'node:crypto'
import { CommandError } from '../cli/command.ts'
import { describeBoot, readBoot } from './boot-phase.ts'
import type { Group } from './cluster-file.ts'
import type { Ec2Provider } from './ec2/provider.ts'
import { giveUpLaunch } from './give-up-launch.ts'
import { launchNode } from './launch-node.ts'
import type { Launch, Machine } from './provider.ts'
import { type Invitation, noInstaller } from './server.ts'
import { lives, type Site } from './site.ts'
import { terminateNodes } from './terminate-nodes.ts'
import { userData } from './user-data.ts'

/** Then the builder turns itself off, and is an orphan; the longest that a boot with a slow mirror takes. */
const builderMinutes = 60
const consoleEveryMs = 5000

export interface BakeOptions {
  groupName: string
  group: Group
  /** Of the image; each version adds its time to it. */
  name: string
  keep: number
}

/**
 * Makes an image that has the agent: a builder installs it from the server, takes out what no two machines may share, and is stopped; a machine of its image
 * has to join and converge before older images go. Gives the id of the image.
 */
export async function bake({ groupName, group, name, keep }: BakeOptions, provider: Ec2Provider, site: Site) {
  const { file, server, now, tell } = site
  const alone: Group = {
    ...group,
    count: 1,
    roles: [],
    spread: false,
    isProtected: false,
    publicAddress: leastOf(group),
    volumes: group.volumes.map((volume) => ({ ...volume, keep: false })),
  }
  await provider.prepare(file)
  await endTrial(trialOf(groupName, site), site)
  const invitation = await server.invite(builderOf(groupName, site), [])
  try {
    const launch = await builderLaunch({ groupName, group: alone }, invitation, site)
    tell(launch.node, `builds an image of ${launch.image}`)
    return await provider.bake({
      name,
      version: `${name}-${new Date(now()).toISOString().replaceAll(/\D/g, '').slice(0, 14)}`,
      group: alone,
      launch,
      expiresAt: now() + builderMinutes * 60_000,
      untilReady: (builder) => untilBaked(builder, site),
      trial: (image) => trial({ groupName, group: { ...alone, image } }, site),
      keep,
    })
  } finally {
    await server.withdraw(invitation.id)
  }
}

interface Of {
  groupName: string
  group: Group
}

const builderOf = (groupName: string, { file }: Site) => `${file.cluster}-${groupName}-bake`

async function builderLaunch({ groupName, group }: Of, { token, installer }: Invitation, site: Site): Promise<Launch> {
  const { provider, server } = site
  const node = builderOf(groupName, site)
  if (!installer) throw new CommandError(noInstaller)
  const [placement] = await provider.placements(groupName, group, [])
  if (!placement) throw new CommandError(`${node}: there is no place for a builder`)
  return {
    node,
    group: groupName,
    attempt: randomBytes(8).toString('hex'),
    placement,
    image: await provider.image(group),
    userData: userData({
      url: await server.url.find(),
      token,
      installer,
      node,
      bakes: true,
      deadMansMinutes: builderMinutes,
    }),
  }
}

/** It needs the way to the server, and no address that stays. */
function leastOf({ publicAddress }: Group) {
  return publicAddress === 'none' ? 'none' : 'changing'
}

/** It joins nothing, so its console tells. */
async function untilBaked(builder: Machine, { provider, lookout, tell, now, patienceMs }: Site) {
  let [text, readAt, told] = ['', 0, '']
  const baked = async () => {
    if (now() - readAt < consoleEveryMs) return undefined
    readAt = now()
    text = await provider.console(builder)
    const { phase, failed } = readBoot(text)
    if (failed) throw new CommandError(`${builder.node}: ${describeBoot(text)}`)
    if (phase !== undefined && phase !== told) tell(builder.node, `boots: ${phase}`)
    told = phase ?? told
    return phase === 'baked' || undefined
  }
  await lookout.until(baked, patienceMs, () => `${builder.node} has baked nothing; ${describeBoot(text)}`)
}

const trialOf = (groupName: string, { file }: Site) => `${file.cluster}-${groupName}-trial`

/** A machine of the image becomes a node without roles, and goes again, whatever came of it. */
async function trial({ groupName, group }: Of & { group: { image: string } }, site: Site) {
  const node = trialOf(groupName, site)
  site.tell(node, 'tries the image')
  try {
    await launchNode({ node, groupName, group, isBaked: true }, site)
  } finally {
    await endTrial(node, site)
  }
}

/** Also that of a bake that was cut off: another image's is not gone on with. */
async function endTrial(node: string, site: Site) {
  const { machines } = await site.lookout.look()
  await terminateNodes(
    machines.filter((machine) => machine.node === node && lives(machine)),
    site,
  )
  await giveUpLaunch(node, site)
  await site.server.archive(node)
}
