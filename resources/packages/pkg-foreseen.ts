import { plannedApt } from './apt-planned.ts'
import { type Step, stepsIn } from './dpkg-status.ts'
import { foreseeRemoved } from './dpkg-removal.ts'
import { foreseeReplaced } from './dpkg-replaced.ts'
import { changedByPlan } from '../foreseen/changes.ts'
import { type Foreseen, Unforeseeable } from '../host.ts'
import {
  attempt,
  heldOf,
  isInterrupted,
  type Item,
  needsApt,
  type PackageWant,
  toHold,
  transact,
  type Transaction,
  transactions,
  whyNotAvailable,
} from './pkg-transactions.ts'

/** Does what `changePackages` does, but that apt only simulates it, on packages as the plan has foreseen them so far. */
export async function foreseePackages(items: Item[], foreseen: Foreseen): Promise<Map<string, Error>> {
  const apt = plannedApt(foreseen)
  const failed = await whyUnknown(items.filter(needsApt), foreseen)
  const known = items.filter((item) => needsApt(item) && !failed.has(item.name))
  for (const [name, error] of await whyNotAvailable(known, apt)) failed.set(name, error)
  const held = heldOf(items, foreseen)
  for (const { name } of held) await foreseeHold(name, false, foreseen)
  for (const transaction of transactions(known.filter(({ name }) => !failed.has(name))))
    for (const [name, error] of await transact(transaction, (part) => foresee(part, foreseen))) failed.set(name, error)
  for (const { name } of toHold(items, held, failed, foreseen)) await foreseeHold(name, true, foreseen)
  for (const { name, want } of known) if (!failed.has(name)) assertThere(name, want, foreseen, failed)
  return failed
}

async function foresee(part: Transaction, foreseen: Foreseen) {
  const apt = plannedApt(foreseen)
  const steps = stepsIn(await attempt(part, apt, ['--simulate']))
  foreseeRemoved(steps, foreseen)
  foreseeReplaced(steps, foreseen)
  for (const step of steps) if (step.verb === 'Inst') foreseeInstalled(step, foreseen)
  await apt.take(
    steps,
    new Map(part.items.flatMap(({ name, want }) => (want.deb === undefined ? [] : [[name, want.deb]]))),
  )
  for (const { name, want } of part.items) if (want.ensure === 'present') foreseen.mayBring(`pkg[${name}]`, 'packages')
}

/** Those of which cannot be told what apt would do, and why. They may bring things all the same. */
async function whyUnknown(items: Item[], foreseen: Foreseen) {
  const failed = new Map<string, Error>()
  for (const { name, want } of items) {
    const why = await reason(want, foreseen)
    if (why === undefined) continue
    failed.set(name, new Unforeseeable(why))
    if (want.ensure === 'present') foreseen.mayBring(`pkg[${name}]`, 'packages')
  }
  return failed
}

async function reason({ ensure, deb }: PackageWant, foreseen: Foreseen) {
  if (foreseen.packagesInDoubt !== undefined) return foreseen.packagesInDoubt
  if (isInterrupted(foreseen))
    return 'dpkg was interrupted, and what finishing its work brings is not known before that'
  if (ensure !== 'present') return undefined
  const path = await changedByPlan(['/etc/apt', ...(deb === undefined ? [] : [deb])], foreseen)
  return path && `${path} is to be changed above it, and what apt can install then is not known before`
}

async function foreseeHold(name: string, hold: boolean, foreseen: Foreseen) {
  const found = foreseen.packages().get(name)
  if (!found) return
  foreseen.packages().set(name, { ...found, hold })
  await plannedApt(foreseen).setHold(name, hold)
}

function foreseeInstalled({ name, version }: Step, foreseen: Foreseen) {
  const hold = foreseen.packages().get(name)?.hold ?? false
  foreseen.packages().set(name, { version, status: 'installed', hold })
}

/** What a neighbour undoes, tried alone after all together could not be, has failed. */
function assertThere(name: string, { ensure }: PackageWant, foreseen: Foreseen, failed: Map<string, Error>) {
  const isThere = foreseen.packages().get(name)?.status === 'installed'
  if (isThere === (ensure === 'present')) return
  const why = `it would not stay ${ensure}, since a neighbour needs it otherwise. Declare one of the two`
  failed.set(name, new Error(`${why}.`))
}
