import { GetConsoleOutputCommand } from '@aws-sdk/client-ec2'
import type { Ec2 } from './ec2.ts'
import { hasAwsCode } from './errors.ts'
import { onceKnown } from './pace.ts'

/** The last of it (64 KB at most). Machines that are not of the Nitro kind have it from their last change of state alone. */
export async function consoleOutput({ ec2, pace }: Ec2, InstanceId: string): Promise<string> {
  const ask = (more: { Latest?: boolean }) => ec2.send(new GetConsoleOutputCommand({ InstanceId, ...more }))
  const { Output = '' } = await onceKnown(() => ask({ Latest: true }), pace).catch((error: unknown) => {
    if (hasAwsCode(error, 'UnsupportedOperation')) return ask({})
    throw error
  })
  return Buffer.from(Output, 'base64').toString('utf8')
}
