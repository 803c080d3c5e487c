import { z } from 'zod'
import type { Change } from '../protocol/events.ts'
import { defineResource, differences, must } from './define.ts'
import type { Foreseen, Host, UnitState } from './host.ts'
import { ServiceName, unitOf } from './names.ts'
import { notThere, startAndSettle } from './system/settled.ts'

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
    for (const verb of verbsFor(changes)) await foresee(verb, unitOf(name), foreseen)
  },

  actions: {
    start: (name, host, want) => act('start', name, want, host),
    stop: (name, host, want) => act('stop', name, want, host),
    restart: (name, host, want) => act('restart', name, want, host),
    'try-restart': (name, host, want) => act('try-restart', name, want, host),
    // As systemd's own: what cannot reload is restarted, what is stopped is started.
    reload: (name, host, want) => act('reload-or-restart', name, want, host),
  },

  satisfies: (changes) => {
    const running = changes.find(({ what }) => what === 'running')?.to
    if (running === 'true') return ['start', 'restart', 'try-restart', 'reload']
    return running === 'false' ? ['stop', 'try-restart'] : []
  },
})

type Verb = 'daemon-reload' | 'stop' | 'mask' | 'unmask' | 'enable' | 'disable' | 'start'

/** In an order that works: what is masked can be neither enabled nor started, and is stopped before nothing more can be said to it. */
function verbsFor(changes: Change[]) {
  const to = new Map(changes.map((change) => [change.what, change.to]))
  const verbs: [Verb, boolean][] = [
    ['daemon-reload', to.has('daemon-reload')],
    ['unmask', to.get('masked') === 'false'],
    ['disable', to.get('enabled') === 'false'],
    ['enable', to.get('enabled') === 'true'],
    ['stop', to.get('running') === 'false'],
    ['mask', to.get('masked') === 'true'],
    ['start', to.get('running') === 'true'],
  ]
  return verbs.filter(([, needed]) => needed).map(([verb]) => verb)
}

const foreseenStates: Record<Verb, Partial<UnitState>> = {
  'daemon-reload': { NeedDaemonReload: 'no' },
  stop: { ActiveState: 'inactive', SubState: 'dead' },
  mask: { LoadState: 'masked', UnitFileState: 'masked' },
  unmask: { LoadState: 'loaded', UnitFileState: 'disabled' },
  enable: { UnitFileState: 'enabled' },
  disable: { UnitFileState: 'disabled' },
  start: { ActiveState: 'active', SubState: 'running' },
}

async function foresee(verb: Verb, unit: string, foreseen: Foreseen) {
  const { LoadState, UnitFileState } = await foreseen.unit(unit)
  if (verb === 'enable' && UnitFileState === 'static') throw new Error(noInstallSection(unit))
  if (LoadState === 'not-found' && foreseen.brought.length === 0 && (verb === 'start' || verb === 'enable'))
    throw new Error(notThere(unit))
  foreseen.foreseeUnit(unit, { LoadState: 'loaded', ...foreseenStates[verb] })
}

function isMasked({ LoadState, UnitFileState }: UnitState) {
  return LoadState === 'masked' || UnitFileState === 'masked'
}

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

function noInstallSection(unit: string) {
  return `${unit} has no [Install] section, so it cannot be enabled. Leave \`enabled\` out, or give the unit one with WantedBy=.`
}

async function enable(unit: string, host: Host) {
  const { UnitFileState } = await host.unit(unit)
  if (UnitFileState === 'static') throw new Error(noInstallSection(unit))
  await must(host, ['systemctl', 'enable', '--', unit])
}

async function act(verb: string, name: string, want: Want, host: Host) {
  // What the recipe keeps stopped is not woken by a changed file.
  if ((want.masked || want.running === false) && verb !== 'stop') return
  const unit = unitOf(name)
  const { NeedDaemonReload } = await host.unit(unit)
  if (NeedDaemonReload === 'yes') await must(host, ['systemctl', 'daemon-reload'])
  await systemctl(verb, unit, want, host)
}

async function systemctl(verb: string, unit: string, { settleMs }: Want, host: Host) {
  if (verb === 'start' || verb.endsWith('restart')) await startAndSettle(verb, unit, settleMs, host)
  else await must(host, ['systemctl', verb, '--', unit])
}
