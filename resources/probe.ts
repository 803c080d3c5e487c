import { setTimeout as pause } from 'node:timers/promises'
import { z } from 'zod'
import { hasOneWay, ProbeWays } from '../protocol/probe.ts'
import { defineResource } from './define.ts'
import { Unforeseeable } from './host.ts'
import { Label } from './names.ts'
import { attempt } from './system/probes.ts'

const Props = ProbeWays.extend({
  withinMs: z.int().min(0).max(3_600_000).default(30_000).describe('How long it may take until the probe succeeds.'),
  everyMs: z.int().min(10).max(600_000).default(500).describe('The time between two tries.'),
}).refine(hasOneWay, { error: 'must have exactly one of tcp, http and command' })

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

  // Trying it out would wait for what a plan does not make, and for as long.
  effects(_name, { withinMs }) {
    throw new Unforeseeable(
      `it is not well now, and a plan does not wait the ${withinMs} ms in which it may come to be`,
    )
  },
})
