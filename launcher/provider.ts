import { z } from 'zod'
import { CommandError } from '../cli/command.ts'
import type { ClusterFile, Group } from './cluster-file.ts'

/** Those of EC2; a lab knows some of them. */
export type MachineState = 'pending' | 'running' | 'stopping' | 'stopped' | 'shutting-down' | 'terminated'

/** A machine that carries the tags of the cluster. */
export interface Machine {
  /** What the provider calls it: `i-…`. */
  id: string
  /** `CLUSTER-GROUP-N`, as it is called on the server too. */
  node: string
  group: string
  /** By which launch it was made (`Launch.attempt`). */
  attempt: string
  state: MachineState
  /** Why, in the provider's words with its code; only where it says so. */
  stateReason?: string
  /** It is gone since the provider had no room for it after all. */
  lackedRoom?: true
  image: string
  instanceType: string
  zone: string
  /** ms since 1970. */
  launchedAt: number
  privateAddress?: string
  publicAddress?: string
}

/** Where a machine may be made; no zone where the provider has none. It is written down (launch-book.ts). */
export const Placement = z.strictObject({
  instanceType: z.string(),
  zone: z.string().optional(),
  subnet: z.string().optional(),
})
export type Placement = z.infer<typeof Placement>

/** One try to make one machine, as it was written down before it was asked for: asked again, it is the same byte for byte. */
export interface Launch {
  node: string
  group: string
  attempt: string
  placement: Placement
  image: string
  /** Raw, not in base64. */
  userData: string
}

/** Something that carries the tags of the cluster and is no machine of a node: a security group, an address, a volume, what bakes an image. */
export interface Belonging {
  kind: 'builder' | 'security-group' | 'address' | 'volume' | 'image' | 'snapshot' | 'network'
  id: string
  name: string
  /** It is to outlive the machines, as the cluster file says or because it is an image: `destroy` tells it, and leaves it. */
  isKept: boolean
}

/** What is not as the cluster file says. */
export interface Difference {
  /** `walking-master-1`, or `security group walking-master`. */
  what: string
  /** `may also be reached at tcp 5050 from 203.0.113.0/24`. */
  how: string
  /** Only a new machine can be as the file says: `prepare` and `adjust` leave it. */
  needsNewMachine: boolean
}

/** There is no room, or not this type, in this placement; the next may have some. */
export class NoRoom extends Error {
  override name = 'NoRoom'
}

/** It cannot be asked now, or asks us to slow down: nothing is known to be wrong. */
export class ProviderIsAway extends CommandError {
  override name = 'ProviderIsAway'
}

/** What a launch has made is gone for good: a new attempt is needed. */
export class LaunchIsSpent extends Error {
  override name = 'LaunchIsSpent'
}

/** Who makes machines. Each call may be made again after it was cut off anywhere, and ends the same. Failures that the user can act on are CommandErrors. */
export interface Provider {
  /** What tells its clusters from others of the same name, as a part of a file's name: `ec2-123456789012-eu-west-1`, `lab`. */
  scope: string
  /** Whether its machines can join by what they are: AWS signs an identity document for each. */
  attests: boolean
  /** How long after it was asked for a machine may not be shown, in ms. */
  latestMs: number
  /** By which address its machines reach this one, once `prepare` is done; undefined where they are elsewhere. */
  hostAddress: (() => Promise<string>) | undefined
  /** All machines of the cluster, also those that end; a machine just made may be missing for a while. Throws ProviderIsAway. */
  machines(): Promise<Machine[]>
  belongings(): Promise<Belonging[]>
  /** What a machine of the group is to be, for people: the type that is asked for first. */
  typeOf(group: Group): string
  /** Whether its image may have the agent in it; one of somebody else's never has. */
  mayHaveAgent(group: Group): boolean
  /** The command by which an operator has a shell on it; empty while there is none. */
  shellOf(machine: Machine, group: Group): string[]
  /** The id of the group's image. */
  image(group: Group): Promise<string>
  /** In the order of preference; `spread` ones begin in the zone with the fewest of the group's `machines`: those just launched count too. Fails where none is left, saying why. */
  placements(name: string, group: Group, machines: Machine[]): Promise<Placement[]>
  /** What is not as the file says, of what is there already. */
  differences(file: ClusterFile, machines: Machine[]): Promise<Difference[]>
  /** Makes what machines need around them: security groups with their rules. */
  prepare(file: ClusterFile): Promise<void>
  /** Asks whether the machine might be made, and makes none: what is forbidden is told before anything is there. */
  rehearse(launch: Launch, group: Group): Promise<void>
  /** Asks for the machine and gives its id; it need not run yet. Until `keepWhenOff` it is gone for good when it turns itself off. Throws NoRoom or LaunchIsSpent. */
  launch(launch: Launch, group: Group): Promise<string>
  /** It is a node: from now on it may be turned off from inside, and stays. */
  keepWhenOff(machine: Machine, group: Group): Promise<void>
  /** Makes a machine that runs as its group says, where that can be done in place: tags, protection, kept address. */
  adjust(machine: Machine, group: Group): Promise<void>
  /** Until they run. */
  start(machines: Machine[]): Promise<void>
  /** Until they have stopped. */
  stop(machines: Machine[]): Promise<void>
  reboot(machines: Machine[]): Promise<void>
  /** Gives back what is kept for nodes that are not `wanted` any more, and have no machine: addresses. */
  release(wanted: ReadonlySet<string>): Promise<void>
  /** Which of them the provider refuses to terminate. */
  protectedOf(machines: Machine[]): Promise<Machine[]>
  /** Takes the protection from those first that have one, and waits until they are gone. */
  terminate(machines: Machine[]): Promise<void>
  /** After its machines are gone. What goes late is waited for. */
  remove(belongings: Belonging[]): Promise<void>
  /** The last of what the machine wrote to its console; empty where there is nothing yet. */
  console(machine: Machine): Promise<string>
}
