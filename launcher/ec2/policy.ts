import { tagKeys } from './tags.ts'

export interface PolicyOptions {
  /** `aws`, `aws-cn`, `aws-us-gov`. */
  partition?: string
  /** Any, if not said. */
  region?: string
  account?: string
  /** The role of the nodes' instance profile. Without it nodes have none. */
  nodeRole?: string
  /** The key that volumes are encrypted with, if it is not the account's. */
  kmsKey?: string
}

interface Statement {
  Sid: string
  Effect: 'Allow' | 'Deny'
  Action: string[]
  Resource: string | string[]
  Condition?: Record<string, Record<string, string | string[]>>
}

export interface Policy {
  Version: '2012-10-17'
  Statement: Statement[]
}

const describing = [
  'ec2:DescribeAddresses',
  'ec2:DescribeImages',
  'ec2:DescribeInstanceAttribute',
  'ec2:DescribeInstanceTypeOfferings',
  'ec2:DescribeInstanceTypes',
  'ec2:DescribeInstances',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSecurityGroups',
  'ec2:DescribeSnapshots',
  'ec2:DescribeSubnets',
  'ec2:DescribeVolumes',
]

const onOurs = [
  'ec2:AssociateAddress',
  'ec2:AuthorizeSecurityGroupIngress',
  'ec2:CreateImage',
  'ec2:DeleteSecurityGroup',
  'ec2:DeleteSnapshot',
  'ec2:DeleteVolume',
  'ec2:DeregisterImage',
  'ec2:DisassociateAddress',
  'ec2:GetConsoleOutput',
  'ec2:ModifyImageAttribute',
  'ec2:ModifyInstanceAttribute',
  'ec2:ModifyInstanceMetadataOptions',
  'ec2:RebootInstances',
  'ec2:ReleaseAddress',
  'ec2:RevokeSecurityGroupIngress',
  'ec2:StartInstances',
  'ec2:StopInstances',
  'ec2:TerminateInstances',
]

/** No more than the launcher needs: it makes nothing without our tag, and touches nothing else. */
export function launcherPolicy(options: PolicyOptions = {}): Policy {
  const { partition = 'aws', region = '*', account = '*' } = options
  const arn = (...kinds: string[]) => kinds.map((kind) => `arn:${partition}:ec2:${region}:${account}:${kind}/*`)
  const ours = { StringEquals: { [`aws:ResourceTag/${tagKeys.createdBy}`]: 'trivet' } }
  const asOurs = { StringEquals: { [`aws:RequestTag/${tagKeys.createdBy}`]: 'trivet' } }
  const Statement: Statement[] = [
    { Sid: 'Look', Effect: 'Allow', Action: describing, Resource: '*' },
    {
      Sid: 'FindImages',
      Effect: 'Allow',
      Action: ['ssm:GetParameter'],
      Resource: `arn:${partition}:ssm:${region}::parameter/aws/service/*`,
    },
    { Sid: 'KnowTheAccount', Effect: 'Allow', Action: ['sts:GetCallerIdentity'], Resource: '*' },
    ...makingStatements(arn, asOurs, ours),
    ...taggingStatements(arn, asOurs, ours),
    { Sid: 'ChangeAndRemoveOurs', Effect: 'Allow', Action: onOurs, Resource: '*', Condition: ours },
    ...optionalStatements(options),
    {
      Sid: 'NoOpenMetadata',
      Effect: 'Deny',
      Action: ['ec2:RunInstances'],
      Resource: arn('instance'),
      Condition: { StringNotEquals: { 'ec2:MetadataHttpTokens': 'required' } },
    },
  ]
  return { Version: '2012-10-17', Statement }
}

type Condition = NonNullable<Statement['Condition']>

function makingStatements(arn: (...kinds: string[]) => string[], asOurs: Condition, ours: Condition): Statement[] {
  return [
    {
      Sid: 'LaunchWithOurTag',
      Effect: 'Allow',
      Action: ['ec2:RunInstances'],
      Resource: arn('instance', 'volume', 'network-interface', 'spot-instances-request'),
      Condition: asOurs,
    },
    {
      Sid: 'MakeWithOurTag',
      Effect: 'Allow',
      Action: ['ec2:CreateSecurityGroup', 'ec2:AllocateAddress'],
      Resource: arn('security-group', 'elastic-ip'),
      Condition: asOurs,
    },
    {
      Sid: 'LaunchInOurSecurityGroups',
      Effect: 'Allow',
      Action: ['ec2:RunInstances'],
      Resource: arn('security-group'),
      Condition: ours,
    },
    {
      Sid: 'LaunchFromAndInto',
      Effect: 'Allow',
      Action: ['ec2:RunInstances', 'ec2:CreateSecurityGroup'],
      Resource: [...arn('subnet', 'key-pair', 'vpc'), ...arn('image', 'snapshot').map(ofAnyAccount)],
    },
  ]
}

function taggingStatements(arn: (...kinds: string[]) => string[], asOurs: Condition, ours: Condition): Statement[] {
  const making = ['RunInstances', 'CreateSecurityGroup', 'AllocateAddress', 'CreateImage']
  return [
    {
      Sid: 'BakeWithOurTag',
      Effect: 'Allow',
      Action: ['ec2:CreateImage'],
      Resource: arn('image', 'snapshot').map(ofAnyAccount),
      Condition: asOurs,
    },
    {
      Sid: 'TagWhatIsMade',
      Effect: 'Allow',
      Action: ['ec2:CreateTags'],
      Resource: '*',
      Condition: { StringEquals: { 'ec2:CreateAction': making } },
    },
    { Sid: 'TagOurs', Effect: 'Allow', Action: ['ec2:CreateTags'], Resource: '*', Condition: ours },
  ]
}

/** Images and snapshots have no account in their names. */
function ofAnyAccount(arn: string) {
  const parts = arn.split(':')
  return [...parts.slice(0, 4), '', ...parts.slice(5)].join(':')
}

function optionalStatements({ nodeRole, kmsKey }: PolicyOptions): Statement[] {
  const found: Statement[] = []
  if (nodeRole)
    found.push({
      Sid: 'GiveNodesTheirRole',
      Effect: 'Allow',
      Action: ['iam:PassRole'],
      Resource: nodeRole,
      Condition: { StringEquals: { 'iam:PassedToService': 'ec2.amazonaws.com' } },
    })
  if (kmsKey)
    found.push({
      Sid: 'EncryptVolumes',
      Effect: 'Allow',
      Action: [
        'kms:CreateGrant',
        'kms:Decrypt',
        'kms:DescribeKey',
        'kms:GenerateDataKeyWithoutPlaintext',
        'kms:ReEncryptFrom',
        'kms:ReEncryptTo',
      ],
      Resource: kmsKey,
    })
  return found
}
