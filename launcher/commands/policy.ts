import { z } from 'zod'
import { launcherPolicy } from '../ec2/policy.ts'
import { command } from '../options.ts'

export const policy = command({
  usage: 'launch policy [--region REGION] [--account ID] [--partition P] [--node-role ARN] [--kms-key ARN]',
  summary: 'Print the IAM policy that the launcher needs, and no more.',
  flags: {
    region: { type: 'string' },
    account: { type: 'string' },
    partition: { type: 'string' },
    'node-role': { type: 'string' },
    'kms-key': { type: 'string' },
  },
  options: z.object({
    region: z.string().optional().describe('In that region alone.'),
    account: z
      .string()
      .regex(/^\d{12}$/, 'twelve digits')
      .optional()
      .describe('In that account alone.'),
    partition: z.enum(['aws', 'aws-cn', 'aws-us-gov']).optional().describe('aws if not said.'),
    'node-role': z.string().startsWith('arn:').optional().describe("The role of the nodes' instance profile."),
    'kms-key': z.string().startsWith('arn:').optional().describe('The key of volumes, if it is one of yours.'),
  }),
  async run({ region, account, partition, 'node-role': nodeRole, 'kms-key': kmsKey }, { output }) {
    output.json(
      launcherPolicy({
        ...(region && { region }),
        ...(account && { account }),
        ...(partition && { partition }),
        ...(nodeRole && { nodeRole }),
        ...(kmsKey && { kmsKey }),
      }),
    )
  },
})
