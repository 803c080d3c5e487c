import { messageOf } from '../../protocol/errors.ts'
import { allOrEach } from './all-or-each.ts'
import { apt, finishInterrupted, refreshLists, type Runner, setHold } from './apt.ts'
import { whyNotInstallable } from './apt-available.ts'
import { forgetPlans } from './apt-planned.ts'
import { whyNotFrom } from './deb-file.ts'
import type { Differing } from '../define.ts'
import type { Host } from '../host.ts'

/** What a recipe says of a package. */
export interface PackageWant {
  ensure: 'present' | 'absent' | 'purged'
  version?: string | undefined
  deb?: string | undefined
  hold?: boolean | undefined
  recommends?: boolean | undefined
}
export type Item = Differing<PackageWant>

/** Installs and removes packages, as few times as apt can. Gives the errors of those that failed, by name. */
export async function changePackages(items: Item[], host: Host): Promise<Map<string, Error>> {
  forgetPlans(host)
  if (isInterrupted(host)) {
    await finishInterrupted(host)
    host.changed()
  }
  const failed = await whyNotAvailable(items.filter(needsApt), host)
  const held = heldOf(items, host)
  await setHold('unhold', namesOf(held.filter((item) => needsApt(item) || !item.want.hold)), host)
  for (const transaction of transactions(items.filter((item) => needsApt(item) && !failed.has(item.name)))) {
    for (const [name, error] of await transact(transaction, (part) => attempt(part, host))) failed.set(name, error)
    host.changed()
  }
  await setHold('hold', namesOf(toHold(items, held, failed, host)), host)
  host.changed()
  return failed
}

/** Whether more than its hold differs. */
export function needsApt({ changes }: Item) {
  return changes.some(({ what }) => what !== 'hold')
}

/** Those that are held now, and of which their recipe says whether they should be: apt may change them. */
export function heldOf(items: Item[], host: Pick<Host, 'packages'>) {
  return items.filter(({ name, want }) => want.hold !== undefined && host.packages().get(name)?.hold)
}

/** What could not be changed is held again, if it was; what a neighbour has removed is not. */
export function toHold(items: Item[], held: Item[], failed: Map<string, Error>, host: Pick<Host, 'packages'>) {
  const wanted = items.filter((item) => item.want.hold && (!failed.has(item.name) || held.includes(item)))
  return wanted.filter(({ name }) => host.packages().get(name)?.status === 'installed')
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

export interface Transaction {
  verb: 'install' | 'purge'
  flags: string[]
  items: Item[]
}

/** As few as apt can do: whether recommended packages come along, and purging, are said for a whole transaction. */
export function transactions(items: Item[]): Transaction[] {
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

/** `act` has apt do a transaction, or a part of it where the whole fails. Gives the errors of those that failed, by name. */
export async function transact(transaction: Transaction, act: (part: Transaction) => Promise<unknown>) {
  const failed = await allOrEach(
    transaction.items,
    (items) => act({ ...transaction, items }),
    (error) => error.message.includes('lock-frontend'),
  )
  return [...failed].map(([name, error]) => [name, withAdvice(error)] as const)
}

/**
 * Gives what apt says of it. Tries twice at most: the lists may be older than the mirror, and dpkg's journal may tell of an interruption that
 * its status does not.
 */
export async function attempt({ verb, flags, items }: Transaction, runner: Runner, simulate: string[] = []) {
  const isExact = items.some(({ want }) => want.version !== undefined || want.deb !== undefined)
  const all = [...simulate, ...flags, ...(isExact ? ['--allow-downgrades'] : [])]
  const operands = items.map(operandOf)
  try {
    return await apt(runner, verb, all, operands)
  } catch (error) {
    const said = messageOf(error)
    if (said.includes('dpkg was interrupted')) await finishInterrupted(runner)
    else if (mayBeMended(said, items)) await refreshLists(runner)
    else throw error
    return apt(runner, verb, all, operands)
  }
}

// Whether the lists know what a file depends on nobody has looked yet.
function mayBeMended(said: string, items: Item[]) {
  if (said.includes('unmet dependencies')) return items.some(({ want }) => want.deb !== undefined)
  return /404 |apt-get update/.test(said)
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
