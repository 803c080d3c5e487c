import { z } from 'zod'
import type { Context } from '../cli/context.ts'
import { defineCommand } from '../cli/command.ts'
import { json, jsonFlag } from '../cli/options.ts'
import { Duration } from '../cli/time.ts'

export const command = defineCommand<Context>()

export const ProviderName = z.enum(['ec2', 'lab'])
export type ProviderName = z.infer<typeof ProviderName>

/** What each verb that is about a cluster takes. */
export const siteUsage = '[--provider ec2|lab] [--server-url URL] [--for DURATION] [--json]'
export const siteFlags = {
  provider: { type: 'string' },
  'server-url': { type: 'string' },
  for: { type: 'string' },
  ...jsonFlag,
} as const
export const siteOptions = {
  provider: ProviderName.default('ec2').describe(
    'Who makes the machines: ec2, or lab for real nodes on this machine; ec2 if not said.',
  ),
  'server-url': z
    .url({ protocol: /^https$/ })
    .optional()
    .describe('Where nodes reach the server; as in your login if not said.'),
  for: Duration.prefault('20m').describe('How long one step of one node may take: 90s, 20m, 1h; 20m if not said.'),
  json,
}

/** Those of what EC2 alone has. */
const { provider: _flag, ...ec2Flags } = siteFlags
const { provider: _option, ...ec2Options } = siteOptions
export { ec2Flags, ec2Options }
export const ec2Usage = siteUsage.replace('[--provider ec2|lab] ', '')

export const keep = z.coerce
  .number()
  .int()
  .min(1)
  .default(3)
  .describe('How many versions of an image stay; 3 if not said.')

export const yesFlag = { yes: { type: 'boolean', short: 'y' } } as const
export const yes = z.boolean().default(false).describe('Do not ask first.')

export interface SiteOptions {
  provider: ProviderName
  'server-url'?: string | undefined
  for: number
  'keep-on-failure'?: boolean
  json?: boolean
}

/** As it is to be said again. */
export function providerFlag(provider: ProviderName) {
  return provider === 'ec2' ? '' : ` --provider ${provider}`
}

export const filePath = z.string().describe('The cluster file.')
