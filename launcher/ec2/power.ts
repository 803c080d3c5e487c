import {
  RebootInstancesCommand,
  StartInstancesCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2'
import { CommandError } from '../../cli/command.ts'
import type { Machine, MachineState } from '../provider.ts'
import type { Ec2 } from './ec2.ts'
import { type AwsError, hasAwsCode, isUnknownToAws } from './errors.ts'
import { findInstancesById, inBatches, sayReason, stateOf } from './find.ts'
import { awaitChange, insist, onceKnown } from './pace.ts'
import { findProtected, protect } from './protection.ts'
import { tagKeys, tagOf } from './tags.ts'

export async function startMachines(ec2: Ec2, machines: Machine[]): Promise<void> {
  // Full is full: that is not asked again and again.
  const call = (InstanceIds: string[]) => () => ec2.once.send(new StartInstancesCommand({ InstanceIds }))
  for (const ids of batches(machines)) {
    await onceKnown(() => insist(call(ids), ec2.pace, ({ isUndecided }) => isUndecided), ec2.pace, isStillChanging)
  }
  await awaitState(ec2, machines, 'running', ['stopping', 'stopped', 'pending'])
}

export async function stopMachines(ec2: Ec2, machines: Machine[]): Promise<void> {
  await refuseSpot(ec2, machines)
  for (const InstanceIds of batches(machines)) {
    await onceKnown(() => ec2.ec2.send(new StopInstancesCommand({ InstanceIds })), ec2.pace, isStillChanging)
  }
  await awaitState(ec2, machines, 'stopped', ['pending', 'running', 'stopping'])
}

/** EC2 stops none of a batch that one spot machine is in, and says so by its id alone. */
async function refuseSpot(ec2: Ec2, machines: Machine[]): Promise<void> {
  const ids = machines.map(({ id }) => id)
  const spot = (await findInstancesById(ec2, ids)).filter(({ InstanceLifecycle }) => InstanceLifecycle === 'spot')
  if (spot.length === 0) return
  const names = spot.map((one) => `${tagOf(one, tagKeys.node)} (${one.InstanceId})`).join(', ')
  throw new CommandError(
    `${names}: EC2 cannot stop spot machines that were asked for once. Next: leave them, or \`trivet launch destroy\` them`,
  )
}

export async function rebootMachines(ec2: Ec2, machines: Machine[]): Promise<void> {
  for (const InstanceIds of batches(machines)) {
    await onceKnown(() => ec2.ec2.send(new RebootInstancesCommand({ InstanceIds })), ec2.pace)
  }
}

/** Until they are gone, since what they are in cannot go before. */
export async function terminateMachines(ec2: Ec2, machines: Machine[]): Promise<void> {
  const living = machines.filter(({ state }) => state !== 'terminated')
  for (const { id } of await findProtected(ec2, living)) await protect(ec2, id, false)
  for (const some of inBatches(living))
    await terminate(
      ec2,
      some.map(({ id }) => id),
    )
  await awaitState(ec2, living, 'terminated', ['pending', 'running', 'stopping', 'stopped', 'shutting-down'])
}

/** One id that AWS does not know, and none of them goes: those that are gone for long are left out. */
async function terminate(ec2: Ec2, ids: string[]): Promise<void> {
  const call = (InstanceIds: string[]) => ec2.ec2.send(new TerminateInstancesCommand({ InstanceIds }))
  try {
    await onceKnown(() => call(ids), ec2.pace)
  } catch (error) {
    if (!isUnknownToAws(error)) throw error
    const known = (await findInstancesById(ec2, ids)).map(({ InstanceId = '' }) => InstanceId)
    if (known.length > 0) await call(known)
  }
}

function isStillChanging(error: unknown): error is AwsError {
  return isUnknownToAws(error) || hasAwsCode(error, 'IncorrectInstanceState')
}

function batches(machines: Machine[]) {
  return inBatches(machines.map(({ id }) => id))
}

/**
 * Waits until all are as wanted. EC2 shows a state from before for a while, or forgets one for a moment: that is no failure.
 * What it does not tell of all along is gone.
 */
export async function awaitState(
  ec2: Ec2,
  machines: Pick<Machine, 'id' | 'node'>[],
  wanted: MachineState,
  onTheWay: MachineState[],
): Promise<void> {
  const lastSeen = new Map(machines.map(({ id }) => [id, performance.now()]))
  let waitingFor = machines
  const look = async () => {
    const found = new Map((await findInstancesById(ec2, [...lastSeen.keys()])).map((one) => [one.InstanceId, one]))
    const isLeft = ({ id, node }: Pick<Machine, 'id' | 'node'>) => {
      const instance = found.get(id)
      if (!instance) return !isGone(ec2, lastSeen.get(id) ?? 0, { id, node, wanted })
      lastSeen.set(id, performance.now())
      const state = stateOf(instance)
      if (state === wanted) return false
      if (onTheWay.includes(state)) return true
      throw new CommandError(
        `${node} (${id}) is ${state} and will not be ${wanted}: ${sayReason(instance.StateReason)}`,
      )
    }
    waitingFor = machines.filter(isLeft)
    return waitingFor.length === 0 || undefined
  }
  if (machines.length === 0) return
  const names = () => waitingFor.map(({ id, node }) => `${node} (${id})`).join(', ')
  await awaitChange(look, () => `${names()} to be ${wanted}`, ec2.pace)
}

function isGone({ pace }: Ec2, seenAt: number, { id, node, wanted }: { id: string; node: string; wanted: string }) {
  if (performance.now() - seenAt < pace.settleMs) return false
  if (wanted === 'terminated') return true
  throw new CommandError(`${node} (${id}) is gone: EC2 does not know it any more. \`trivet launch up\` makes it anew.`)
}
