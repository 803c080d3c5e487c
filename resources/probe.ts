import { setTimeout as pause } from 'node:timers/promises'
import { z } from 'zod'
import { Argv } from '../protocol/catalog.ts'
import { defineResource } from './define.ts'
import type { Host } from './host.ts'
import { Label } from './names.ts'
import { probeCommand, probeHttp, probeTcp } from './system/probes.ts'

const Pattern = z.string().refine(isPattern, 'must be a regular expression')

const Props = z
  .strictObject({
    tcp: z
      .strictObject({
        host: z.string().min(1).default('127.0.0.1'),
        port: z.int().min(1).max(65535),
        send: z.string().optional(),
        expect: Pattern.optional(),
      })
      .optional()
      .describe(
        'Connects to `host` and `port`; with `send` says that first, with `expect` reads until the pattern matches.',
      ),
    http: z
      .strictObject({
        url: z.url({ protocol: /^https?$/ }),
        status: z.int().min(100).max(599).optional(),
        expect: Pattern.optional(),
      })
      .optional()
      .describe(
        'Asks for `url`, which must answer with `status` (any of 2xx where left out) and, with `expect`, a body that matches.',
      ),
    command: Argv.optional().describe('A command that must exit with 0.'),
    withinMs: z.int().min(0).max(3_600_000).default(30_000).describe('How long it may take until the probe succeeds.'),
    everyMs: z.int().min(10).max(600_000).default(500).describe('The time between two tries.'),
  })
  .refine(({ tcp, http, command }) => [tcp, http, command].filter((one) => one !== undefined).length === 1, {
    error: 'must have exactly one of tcp, http and command',
  })
type Want = z.infer<typeof Props>

const longestTry = 5000

export const probe = defineResource({
  type: 'probe',
  seesWhatRuns: true,
  summary:
    'A check of health. It changes nothing: it waits until what it looks at is well, and fails where that takes too long.',
  example: `probe('zookeeper', { tcp: { port: 2181, send: 'srvr\\n', expect: '^Mode: (leader|follower)$' }, withinMs: 120_000 })
probe('web', { http: { url: 'http://127.0.0.1:8000/health', expect: 'ok' } })
probe('disk', { command: ['test', '-w', '/var/lib/web'] })`,
  name: Label,
  props: Props,

  async check(_name, want, host) {
    const trouble = await attempt(want, Math.min(longestTry, Math.max(want.withinMs, 1000)), host)
    return trouble === undefined ? [] : [{ what: 'healthy', from: trouble, to: 'yes' }]
  },

  async apply(name, want, host) {
    const deadline = performance.now() + want.withinMs
    for (;;) {
      const left = deadline - performance.now()
      const trouble = await attempt(want, Math.max(1, Math.min(longestTry, left)), host)
      if (trouble === undefined) return
      if (performance.now() + want.everyMs > deadline)
        throw new Error(`probe[${name}] did not succeed within ${want.withinMs} ms. The last try said: ${trouble}`)
      await pause(want.everyMs)
    }
  },
})

/** What is wrong, or undefined when all is well. */
function attempt({ tcp, http, command }: Want, timeoutMs: number, host: Host) {
  if (tcp) return probeTcp(tcp, timeoutMs)
  if (http) return probeHttp(http, timeoutMs)
  return probeCommand(command ?? [], timeoutMs, host)
}

function isPattern(text: string) {
  try {
    return Boolean(new RegExp(text))
  } catch {
    // That it throws is the answer.
    return false
  }
}
