import type { Foreseen, UnitState } from '../host.ts'
import { isMasked, type Verb } from './service-verbs.ts'
import { notThere } from './settled.ts'

const own = '/etc/systemd/system'
const others = ['/run/systemd/system', '/usr/lib/systemd/system', '/lib/systemd/system']

const states: Record<Verb, Partial<UnitState>> = {
  'daemon-reload': { NeedDaemonReload: 'no' },
  stop: { ActiveState: 'inactive', SubState: 'dead' },
  mask: { LoadState: 'masked', UnitFileState: 'masked' },
  unmask: { LoadState: 'loaded', UnitFileState: 'disabled' },
  enable: { UnitFileState: 'enabled' },
  disable: { UnitFileState: 'disabled' },
  start: { ActiveState: 'active', SubState: 'running' },
}

/** After which systemctl makes systemd read all its units anew. */
const reloading: Verb[] = ['daemon-reload', 'mask', 'unmask', 'enable', 'disable']

/** What systemctl will make of the unit, or refuse. */
export async function foreseeVerb(verb: Verb, unit: string, foreseen: Foreseen) {
  const state = await foreseen.unit(unit)
  const needsIt = verb === 'start' || verb === 'enable'
  if (verb === 'enable' && state.UnitFileState === 'static') throw new Error(noInstallSection(unit))
  if (needsIt && isMasked(state)) throw new Error(maskedSaying(unit))
  if (needsIt && state.LoadState === 'not-found' && !isBrought(unit, foreseen)) throw new Error(notThere(unit))
  if (verb === 'mask' && foreseen.files.stat(`${own}/${unit}`)?.kind === 'file')
    throw new Error(`${own}/${unit} is a file, in whose place systemctl mask puts no link. Remove it first.`)
  const isGone = verb === 'unmask' && !others.some((folder) => foreseen.files.stat(`${folder}/${unit}`))
  if (verb === 'mask') foreseen.foresee(`${own}/${unit}`, { kind: 'link', target: '/dev/null' })
  if (verb === 'unmask' && isMaskingLink(`${own}/${unit}`, foreseen)) foreseen.foresee(`${own}/${unit}`, null)
  if (reloading.includes(verb)) foreseen.foreseeReload()
  const LoadState = isGone ? 'not-found' : 'loaded'
  foreseen.foreseeUnit(unit, { LoadState, ...states[verb], ...(isGone && { LoadState, UnitFileState: '' }) })
}

/** Whether an action that is owed can be done. */
export async function foreseeAction(action: string, unit: string, foreseen: Foreseen) {
  const state = await foreseen.unit(unit)
  if (state.LoadState === 'not-found') throw new Error(notThere(unit))
  if (isMasked(state) && action !== 'stop' && action !== 'try-restart') throw new Error(maskedSaying(unit))
}

function isMaskingLink(path: string, { files }: Foreseen) {
  return files.stat(path)?.kind === 'link' && files.readLink(path) === '/dev/null'
}

// A package usually gives its service its own name.
function isBrought(unit: string, { brought }: Foreseen) {
  const name = unit.slice(0, unit.lastIndexOf('.'))
  return brought.some((what) => what === `pkg[${name}]` || what === `dnf[${name}]`)
}

export function noInstallSection(unit: string) {
  return `${unit} has no [Install] section, so it cannot be enabled. Leave \`enabled\` out, or give the unit one with WantedBy=.`
}

function maskedSaying(unit: string) {
  return `${unit} is masked. Say \`masked: false\` in the recipe if it may start again.`
}
