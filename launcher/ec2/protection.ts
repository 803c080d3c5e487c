import { DescribeInstanceAttributeCommand, ModifyInstanceAttributeCommand } from '@aws-sdk/client-ec2'
import type { Machine } from '../provider.ts'
import { lives } from '../site.ts'
import type { Ec2 } from './ec2.ts'
import { isUnknownToAws } from './errors.ts'
import { inBatches } from './find.ts'
import { onceKnown } from './pace.ts'

export async function isProtected({ ec2, pace }: Ec2, InstanceId: string): Promise<boolean> {
  const request = { InstanceId, Attribute: 'disableApiTermination' } as const
  const answer = await onceKnown(() => ec2.send(new DescribeInstanceAttributeCommand(request)), pace)
  return answer.DisableApiTermination?.Value === true
}

export async function protect({ ec2 }: Ec2, InstanceId: string, Value: boolean): Promise<void> {
  await ec2.send(new ModifyInstanceAttributeCommand({ InstanceId, DisableApiTermination: { Value } }))
}

/** From now on it stays when it is turned off from inside. Spot machines go then, whatever is said. */
export async function keepWhenOff({ ec2 }: Ec2, InstanceId: string): Promise<void> {
  const InstanceInitiatedShutdownBehavior = { Value: 'stop' }
  await ec2.send(new ModifyInstanceAttributeCommand({ InstanceId, InstanceInitiatedShutdownBehavior }))
}

/** EC2 tells it of one machine at a time. */
export async function findProtected(ec2: Ec2, machines: Machine[]): Promise<Machine[]> {
  const living = machines.filter(lives)
  const found: Machine[] = []
  for (const some of inBatches(living, 8)) {
    const answers = await Promise.all(some.map(({ id }) => isProtected(ec2, id).catch(falseIfGone)))
    found.push(...some.filter((_, index) => answers[index]))
  }
  return found
}

function falseIfGone(error: unknown): false {
  if (isUnknownToAws(error)) return false
  throw error
}
