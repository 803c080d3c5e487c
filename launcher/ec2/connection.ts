import { EC2Client } from '@aws-sdk/client-ec2'
import { SSMClient } from '@aws-sdk/client-ssm'
import { STSClient } from '@aws-sdk/client-sts'
import { isRecord } from '../../protocol/is-record.ts'
import { AwsError } from './errors.ts'
import type { Pace } from './pace.ts'

/** The clients of AWS's SDK. Each error that they throw is an AwsError. */
export interface Connection {
  ec2: EC2Client
  /** For calls that must not be made again by themselves: `insist` says which of their failures allow it. */
  once: EC2Client
  ssm: SSMClient
  sts: STSClient
}

export interface ConnectionOptions {
  /** That of the environment or the profile, if not said. */
  region?: string | undefined
  pace: Pace
  /** Nothing of an answer after this time is an answer lost. */
  answerMs?: number
}

/** Credentials, region and endpoint come as all AWS tools take them: environment, profiles, SSO, the role of the machine. */
export function connect({ region, pace, answerMs = 30_000 }: ConnectionOptions): Connection {
  const shared = {
    ...(region && { region }),
    requestHandler: { connectionTimeout: 5000, requestTimeout: answerMs, throwOnRequestTimeout: true },
  }
  const many = { ...shared, maxAttempts: pace.attempts }
  const ec2 = new EC2Client(many)
  const once = new EC2Client({ ...shared, maxAttempts: 1 })
  const ssm = new SSMClient(many)
  const sts = new STSClient(many)
  for (const { middlewareStack, config } of [ec2, once]) middlewareStack.add(telling(config.region), everywhere)
  ssm.middlewareStack.add(telling(ssm.config.region), everywhere)
  sts.middlewareStack.add(telling(sts.config.region), everywhere)
  return { ec2, once, ssm, sts }
}

type Region = () => Promise<string>
const everywhere = { name: 'tellErrors', step: 'initialize', priority: 'high' } as const

function telling(regionOf: Region) {
  return <Args extends { input: unknown }, Result>(
    next: (args: Args) => Promise<Result>,
    context: { commandName?: string },
  ) =>
    async (args: Args): Promise<Result> => {
      try {
        return await next(args)
      } catch (thrown) {
        const action = context.commandName?.replace(/Command$/, '') ?? 'a call'
        const region = await regionOf().catch(() => undefined)
        throw new AwsError(thrown, { action, target: targetOf(args.input), region })
      }
    }
}

const naming = [
  'InstanceIds',
  'InstanceId',
  'Resources',
  'GroupName',
  'GroupId',
  'AllocationId',
  'VolumeId',
  'SnapshotId',
]
const alsoNaming = ['ImageId', 'ImageIds', 'SubnetIds', 'VolumeIds', 'GroupIds', 'AssociationId', 'Name', 'Names']

/** What a call is about, as far as its input says. */
function targetOf(input: unknown): string | undefined {
  if (!isRecord(input)) return undefined
  const named = nameIn(input['TagSpecifications'])
  if (named) return named
  for (const key of [...naming, ...alsoNaming]) {
    const value = input[key]
    if (typeof value === 'string') return value
    if (Array.isArray(value) && value.length > 0) return value.join(', ')
  }
  return undefined
}

function nameIn(specifications: unknown): string | undefined {
  const [first]: unknown[] = Array.isArray(specifications) ? specifications : []
  const tags: unknown[] = isRecord(first) && Array.isArray(first['Tags']) ? first['Tags'] : []
  const name = tags.filter(isRecord).find((tag) => tag['Key'] === 'Name')?.['Value']
  return typeof name === 'string' ? name : undefined
}
