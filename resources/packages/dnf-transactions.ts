import { allOrEach } from './all-or-each.ts'
import { type Differing, must } from '../define.ts'
import type { CommandOptions, Host } from '../host.ts'

/** What a recipe says of an RPM. */
interface RpmWant {
  ensure: 'present' | 'absent'
  version?: string | undefined
  recommends?: boolean | undefined
}
export type Item = Differing<RpmWant>

/** dnf goes on when the agent dies. */
const options: CommandOptions = { outlives: true }

/** Removes and installs RPMs, as few times as dnf can. Gives the errors of those that failed, by name. */
export async function changeRpms(items: Item[], host: Host): Promise<Map<string, Error>> {
  const act = (some: Item[]) => must(host, dnfArgv(['--assumeyes', '--quiet'], some), options)
  const failed = new Map<string, Error>()
  for (const group of transactions(items))
    for (const [name, error] of await allOrEach(group, act)) failed.set(name, error)
  return failed
}

/** dnf either removes or installs, and whether recommended packages come along is said for a whole transaction. */
export function transactions(items: Item[]) {
  const present = items.filter(({ want }) => want.ensure === 'present')
  const choices = [undefined, true, false].map((choice) => present.filter(({ want }) => want.recommends === choice))
  return [items.filter(({ want }) => want.ensure === 'absent'), ...choices]
}

/** How dnf is told to do one transaction. */
export function dnfArgv(flags: string[], items: Item[], along: string[] = []) {
  const { ensure, recommends } = items[0]?.want ?? { ensure: 'present' }
  const weak = recommends === undefined ? [] : [`--setopt=install_weak_deps=${recommends ? 'True' : 'False'}`]
  const verb = ensure === 'present' ? 'install' : 'remove'
  return ['dnf', ...flags, ...weak, verb, '--', ...along, ...items.map(specOf)]
}

export function specOf({ name, want: { version } }: Item) {
  return version === undefined ? name : `${name}-${version}`
}
