import { z } from 'zod'
import { define, none } from './common.ts'

export const bridge = define({
  usage: 'bridge [--config FILE] [--check]',
  summary: 'Keep the HAProxy of this node as Marathon says, until it is told to stop.',
  details: `It is a daemon of its own, which recipe haproxy-bridge sets up as trivet-bridge.service; the agent need not run. Its /status page and
its metrics are where the configuration says, on http://127.0.0.1:9094/status if it says nothing.`,
  flags: { config: { type: 'string' }, check: { type: 'boolean' } },
  options: z.object({
    operands: none,
    config: z.string().default('/etc/trivet-bridge/bridge.json').describe('The configuration, as JSON.'),
    check: z.boolean().default(false).describe('Only say whether the configuration is right.'),
  }),
  async run({ config, check }, context) {
    const { readConfig, runBridge } = await context.loadBridge()
    if (check) return void (await readConfig(config))
    const log = await context.openLog()
    return runBridge({ config, log, signal: context.interrupted(), environment: context.environment })
  },
})
