import { z } from 'zod'
import { defineResource, differences, must } from './define.ts'
import type { Host, UnitState } from './host.ts'
import { ServiceName, unitOf } from './names.ts'
import { foreseeAction, foreseeVerb, noInstallSection } from './system/service-foreseen.ts'
import { isMasked, verbsFor } from './system/service-verbs.ts'
import { startAndSettle } from './system/settled.ts'

const Props = z
  .strictObject({
    running: z.boolean().optional().describe('Whether it is to run now. Left out, it is not managed.'),
    enabled: z.boolean().optional().describe('Whether it is to start with the machine. Left out, it is not managed.'),
    masked: z
      .boolean()
      .optional()
      .describe('Whether nothing may start it: it is stopped, and stays so even when its package arrives later.'),
    settleMs: z
      .int()
      .min(0)
      .max(60_000)
      .default(1000)
      .describe('How long it must stay up after a start before the start counts, where systemd itself cannot tell.'),
  })
  .refine(({ masked, running, enabled }) => !masked || (running !== true && enabled !== true), {
    error: 'a masked service can be neither running nor enabled',
  })
type Want = z.infer<typeof Props>

export const service = defineResource({
  type: 'service',
  summary: 'A unit of systemd: whether it runs, starts with the machine, or may not start at all.',
  example: `service('haproxy', { running: true, enabled: true })
service('mesos-master', { masked: true })`,
  name: ServiceName,
  props: Props,
  units: (name) => [unitOf(name)],

  async check(name, want, host) {
    const state = await host.unit(unitOf(name))
    const running = want.masked ? false : want.running
    const reload = state.NeedDaemonReload === 'yes' ? [{ what: 'daemon-reload', from: 'needed', to: 'done' }] : []
    const current = {
      masked: String(isMasked(state)),
      enabled: await enablement(name, want, state, host),
      running: state.LoadState === 'not-found' && running ? undefined : runs(state),
    }
    const wanted = { masked: want.masked?.toString(), enabled: want.enabled?.toString(), running: running?.toString() }
    return [...reload, ...differences(current, wanted)]
  },

  async apply(name, want, host, changes) {
    const unit = unitOf(name)
    for (const verb of verbsFor(changes)) {
      if (verb === 'daemon-reload') await must(host, ['systemctl', verb])
      else if (verb === 'enable') await enable(unit, host)
      else await systemctl(verb, unit, want, host)
    }
  },

  async effects(name, _want, foreseen, changes) {
    for (const verb of verbsFor(changes)) await foreseeVerb(verb, unitOf(name), foreseen)
  },

  actions: {
    start: (name, host, want) => act('start', name, want, host),
    stop: (name, host, want) => act('stop', name, want, host),
    restart: (name, host, want) => act('restart', name, want, host),
    'try-restart': (name, host, want) => act('try-restart', name, want, host),
    // As systemd's own: what cannot reload is restarted, what is stopped is started.
    reload: (name, host, want) => act('reload-or-restart', name, want, host),
  },

  async actionEffects(action, name, want, foreseen) {
    if (!isKeptStopped(action, want)) await foreseeAction(action, unitOf(name), foreseen)
  },

  satisfies: (changes) => {
    const running = changes.find(({ what }) => what === 'running')?.to
    if (running === 'true') return ['start', 'restart', 'try-restart', 'reload']
    return running === 'false' ? ['stop', 'try-restart'] : []
  },
})

/** What comes up again and again after each crash neither runs nor is stopped. */
export function runs({ ActiveState }: UnitState) {
  if (ActiveState === 'active' || ActiveState === 'reloading') return 'true'
  return ActiveState === 'activating' || ActiveState === 'deactivating' ? ActiveState : 'false'
}

async function enablement(name: string, want: Want, { UnitFileState }: UnitState, host: Host) {
  if (want.enabled === undefined) return undefined
  // Made from an init script: only systemctl knows how to ask for its links.
  if (UnitFileState === 'generated') {
    const { exitCode } = await host.run(['systemctl', 'is-enabled', '--quiet', '--', unitOf(name)])
    return String(exitCode === 0)
  }
  if (UnitFileState === 'static') return want.enabled ? 'static' : 'false'
  return String(UnitFileState === 'enabled' || UnitFileState === 'alias')
}

async function enable(unit: string, host: Host) {
  const { UnitFileState } = await host.unit(unit)
  if (UnitFileState === 'static') throw new Error(noInstallSection(unit))
  await must(host, ['systemctl', 'enable', '--', unit])
}

/** What the recipe keeps stopped is not woken by a changed file. */
function isKeptStopped(verb: string, want: Want) {
  return (want.masked || want.running === false) && verb !== 'stop'
}

async function act(verb: string, name: string, want: Want, host: Host) {
  if (isKeptStopped(verb, want)) return
  const unit = unitOf(name)
  const { NeedDaemonReload } = await host.unit(unit)
  if (NeedDaemonReload === 'yes') await must(host, ['systemctl', 'daemon-reload'])
  await systemctl(verb, unit, want, host)
}

async function systemctl(verb: string, unit: string, { settleMs }: Want, host: Host) {
  if (verb === 'start' || verb.endsWith('restart')) await startAndSettle(verb, unit, settleMs, host)
  else await must(host, ['systemctl', verb, '--', unit])
}
