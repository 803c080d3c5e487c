import { GetCallerIdentityCommand } from '@aws-sdk/client-sts'
import { CommandError } from '../../cli/command.ts'
import type { ClusterFile } from '../cluster-file.ts'
import { sshArguments } from '../inventory.ts'
import type { Provider } from '../provider.ts'
import { findUnwantedAddresses, releaseAddress } from './addresses.ts'
import { adjustMachine } from './adjust.ts'
import { type Baking, bakeImage } from './bake.ts'
import { findBelongings, removeBelongings } from './belongings.ts'
import { connect } from './connection.ts'
import { consoleOutput } from './console.ts'
import type { Ec2 } from './ec2.ts'
import { findDifferences } from './differences.ts'
import { findMachines } from './find.ts'
import { findOrphans, type Orphan, type OrphanLook } from './gc.ts'
import { resolveImage } from './images.ts'
import { launchInstance, rehearseLaunch } from './launch.ts'
import { type Pace, usualPace } from './pace.ts'
import { findPlacements } from './placements.ts'
import { rebootMachines, startMachines, stopMachines, terminateMachines } from './power.ts'
import { findProtected, keepWhenOff } from './protection.ts'
import { prepareSecurityGroups } from './security-groups.ts'

export interface Ec2Options {
  cluster: string
  /** That of the environment or the profile, if not said. */
  region?: string | undefined
  pace?: Partial<Pace>
  /** After this time without an answer it is taken for lost. */
  answerMs?: number
}

function openEc2({ cluster, region, pace: hurry, answerMs }: Ec2Options): Ec2 {
  const pace = { ...usualPace, ...hurry }
  return { cluster, pace, ...connect({ region, pace, ...(answerMs && { answerMs }) }) }
}

/** What EC2 has beside what all providers have. */
export interface Ec2Provider extends Provider {
  /** Gives the id of the image; its builder is gone then, whatever happened. */
  bake(baking: Baking): Promise<string>
  orphans(look: OrphanLook): Promise<Orphan[]>
}

/** Asks AWS who we are, so that wrong keys are told before anything else. */
export async function makeEc2Provider(options: Ec2Options): Promise<Ec2Provider> {
  const ec2 = openEc2(options)
  const { Account: account = '' } = await ec2.sts.send(new GetCallerIdentityCommand({}))
  return {
    scope: `ec2-${account}-${await ec2.ec2.config.region()}`,
    attests: true,
    latestMs: ec2.pace.settleMs,
    hostAddress: undefined,
    machines: () => findMachines(ec2),
    belongings: () => findBelongings(ec2),
    typeOf: ({ instanceTypes: [first = ''] }) => first,
    mayHaveAgent: ({ image }) =>
      typeof image === 'string' || ('owner' in image && ['self', account].includes(image.owner)),
    shellOf: (machine, { sshUser }) => sshArguments(sshUser, machine),
    image: ({ image }) => resolveImage(ec2, image),
    placements: (name, group, machines) => findPlacements(ec2, name, group, machines),
    differences: (file, machines) => findDifferences(ec2, file, machines),
    async prepare(file) {
      refuseOtherAccounts(file, account)
      await prepareSecurityGroups(ec2, file)
    },
    rehearse: (launch, group) => rehearseLaunch(ec2, launch, group),
    launch: (launch, group) => launchInstance(ec2, launch, group),
    keepWhenOff: ({ id }, { market }) => (market === 'spot' ? Promise.resolve() : keepWhenOff(ec2, id)),
    adjust: (machine, group) => adjustMachine(ec2, machine, group),
    start: (machines) => startMachines(ec2, machines),
    stop: (machines) => stopMachines(ec2, machines),
    reboot: (machines) => rebootMachines(ec2, machines),
    async release(wanted) {
      for (const { id } of await findUnwantedAddresses(ec2, wanted)) await releaseAddress(ec2, id)
    },
    protectedOf: (machines) => findProtected(ec2, machines),
    terminate: (machines) => terminateMachines(ec2, machines),
    remove: (belongings) => removeBelongings(ec2, belongings),
    bake: (baking) => bakeImage(ec2, baking),
    orphans: (look) => findOrphans(ec2, look),
    console: ({ id }) => consoleOutput(ec2, id),
  }
}

function refuseOtherAccounts({ cluster, accounts }: ClusterFile, account: string) {
  if (!accounts || accounts.includes(account)) return
  throw new CommandError(
    `${cluster} may be made in ${accounts.join(', ')} alone, and these keys are of ${account}: take another profile.`,
  )
}
