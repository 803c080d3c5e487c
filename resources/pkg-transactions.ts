import { messageOf } from '../protocol/errors.ts'
import { apt, finishInterrupted, refreshLists, type Runner, setHold } from './apt.ts'
import { whyNotInstallable } from './apt-available.ts'
import { forgetPlans } from './apt-planned.ts'
import { whyNotFrom } from './deb-file.ts'
import type { Differing } from './define.ts'
import type { Host } from './host.ts'

/** What a recipe says of a package. */
export interface PackageWant {
  ensure: 'present' | 'absent' | 'purged'
  version?: string | undefined
  deb?: string | undefined
  hold?: boolean | undefined
  recommends?: boolean | undefined
}
type Item = Differing<PackageWant>

/** Installs and removes packages, as few times as apt can. Gives the errors of those that failed, by name. */
export async function changePackages(items: Item[], host: Host): Promise<Map<string, Error>> {
  forgetPlans(host)
  if (isInterrupted(host)) {
    await finishInterrupted(host)
    host.changed()
  }
  const moved = items.filter(needsApt)
  const failed = await whyNotAvailable(moved, host)
  const held = items.filter(({ name, want }) => want.hold !== undefined && host.packages().get(name)?.hold)
  await setHold('unhold', namesOf(held.filter((item) => needsApt(item) || !item.want.hold)), host)
  for (const group of transactions(moved.filter(({ name }) => !failed.has(name))))
    for (const [name, error] of await transact(group, host)) failed.set(name, error)
  // What could not be changed is held again, if it was.
  const toHold = items.filter((item) => item.want.hold && (!failed.has(item.name) || held.includes(item)))
  await setHold('hold', namesOf(toHold), host)
  host.changed()
  return failed
}

/** Whether more than its hold differs. */
export function needsApt({ changes }: Pick<Item, 'changes'>) {
  return changes.some(({ what }) => what !== 'hold')
}

const unfinished = ['half-installed', 'unpacked', 'half-configured', 'triggers-awaited', 'triggers-pending']

/** Whether a killed dpkg left something that must be finished first. */
export function isInterrupted(host: Pick<Host, 'packages'>) {
  return [...host.packages().values()].some(({ status }) => unfinished.includes(status))
}

/** Of those that are to be installed: what cannot be, and why. */
export async function whyNotAvailable(items: Item[], runner: Runner) {
  const wanted = items.filter(({ want }) => want.ensure === 'present')
  const named = wanted.filter(({ want }) => want.deb === undefined)
  const failed = await whyNotInstallable(new Map(named.map(({ name, want }) => [name, want.version])), runner)
  for (const { name, want } of wanted) {
    const why = want.deb === undefined ? undefined : await whyNotFrom(want.deb, name, want.version, runner)
    if (why !== undefined) failed.set(name, new Error(why))
  }
  return failed
}

interface Transaction {
  verb: 'install' | 'purge'
  flags: string[]
  items: Item[]
}

/** As few as apt can do: whether recommended packages come along, and purging, are said for a whole transaction. */
function transactions(items: Item[]): Transaction[] {
  const purged = items.filter(({ want }) => want.ensure === 'purged')
  const rest = items.filter(({ want }) => want.ensure !== 'purged')
  // Removals go with the first, so that a package can take the place of another.
  const choices = [...new Set(rest.filter(({ want }) => want.ensure === 'present').map(({ want }) => want.recommends))]
  const first = choices.length > 0 ? choices[0] : undefined
  const groups = (choices.length > 0 ? choices : [undefined]).map((recommends) => ({
    verb: 'install' as const,
    flags: flagsFor(recommends),
    items: rest.filter(({ want }) =>
      want.ensure === 'absent' ? recommends === first : want.recommends === recommends,
    ),
  }))
  return [...groups, { verb: 'purge' as const, flags: [], items: purged }].filter((group) => group.items.length > 0)
}

function flagsFor(recommends: boolean | undefined) {
  if (recommends === undefined) return []
  return [recommends ? '--install-recommends' : '--no-install-recommends']
}

/** If all together fail, each is tried alone, so that one broken package does not keep its neighbours out. */
async function transact({ verb, flags, items }: Transaction, host: Host): Promise<Map<string, Error>> {
  try {
    await aptMendingOnce(verb, [...flags, ...downgrades(items)], items.map(operandOf), host)
    return new Map()
  } catch (error) {
    if (!(error instanceof Error)) throw error
    if (items.length === 1 || error.message.includes('lock-frontend'))
      return new Map(items.map(({ name }) => [name, withAdvice(error)]))
    const alone = new Map<string, Error>()
    for (const item of items)
      for (const [name, why] of await transact({ verb, flags, items: [item] }, host)) alone.set(name, why)
    return alone
  } finally {
    host.changed()
  }
}

function downgrades(items: Item[]) {
  return items.some(({ want }) => want.version !== undefined || want.deb !== undefined) ? ['--allow-downgrades'] : []
}

/** What apt would do for one package, step by step and without doing it; the error that it would give otherwise. */
export async function simulate(item: Item, runner: Runner) {
  const { ensure, recommends } = item.want
  const verb = ensure === 'purged' ? 'purge' : 'install'
  const flags = ['--simulate', ...flagsFor(recommends), ...downgrades([item])]
  try {
    return await aptMendingOnce(verb, flags, [operandOf(item)], runner)
  } catch (error) {
    throw error instanceof Error ? withAdvice(error) : error
  }
}

/** Twice at most: the lists may be older than the mirror, and dpkg's journal may tell of an interruption that its status does not. */
async function aptMendingOnce(verb: string, flags: string[], operands: string[], runner: Runner) {
  try {
    return await apt(runner, verb, flags, operands)
  } catch (error) {
    const said = messageOf(error)
    const isLocal = operands.some((operand) => operand.startsWith('/'))
    if (said.includes('dpkg was interrupted')) await finishInterrupted(runner)
    // Nobody has looked yet whether the lists know what a file depends on.
    else if (/404 |apt-get update/.test(said) || (isLocal && said.includes('unmet dependencies')))
      await refreshLists(runner)
    else throw error
    return apt(runner, verb, flags, operands)
  }
}

function withAdvice(error: Error) {
  if (!error.message.includes('Held packages were changed')) return error
  const advice = 'Say `hold` of the package that is held, true or false, for Trivet to change it.'
  return new Error(`${error.message}\n${advice}`, { cause: error })
}

function operandOf({ name, want: { ensure, version, deb } }: Item) {
  if (ensure !== 'present') return ensure === 'absent' ? `${name}-` : name
  return deb ?? (version ? `${name}=${version}` : name)
}

function namesOf(items: Item[]) {
  return items.map(({ name }) => name)
}
