import type { Change } from '../protocol/events.ts'
import { plannedApt } from './apt-planned.ts'
import type { Differing } from './define.ts'
import { type Step, stepsIn } from './dpkg-status.ts'
import { foreseeRemoved } from './dpkg-removal.ts'
import { changedByPlan } from './foreseen-changes.ts'
import { type Foreseen, Unforeseeable } from './host.ts'
import { isInterrupted, needsApt, type PackageWant, simulate, whyNotAvailable } from './pkg-transactions.ts'

type Item = Differing<PackageWant>

/** Foresees what apt would do for one package, as apt itself simulates it on what the plan has foreseen so far. */
export async function foreseePackage(name: string, want: PackageWant, foreseen: Foreseen, changes: Change[]) {
  if (needsApt({ changes })) await foreseeSteps({ name, want, changes }, foreseen)
  if (want.ensure === 'present' && want.hold !== undefined) await foreseeHold(name, want.hold, foreseen)
}

async function foreseeSteps(item: Item, foreseen: Foreseen) {
  const { name, want } = item
  const unknown = await whyUnknown(item, foreseen)
  if (unknown !== undefined) {
    if (want.ensure === 'present') foreseen.mayBring(`pkg[${name}]`)
    throw new Unforeseeable(unknown)
  }
  const apt = plannedApt(foreseen)
  for (const error of (await whyNotAvailable([item], apt)).values()) throw error
  if (want.hold !== undefined && foreseen.packages().get(name)?.hold) await foreseeHold(name, false, foreseen)
  const steps = stepsIn(await simulate(item, apt))
  foreseeRemoved(steps, foreseen)
  for (const step of steps) if (step.verb === 'Inst') foreseeInstalled(step, foreseen)
  await apt.take(steps, want.deb === undefined ? undefined : { name, path: want.deb })
  if (steps.some(({ verb }) => verb === 'Inst')) foreseen.mayBring(`pkg[${name}]`)
}

async function whyUnknown({ want }: Item, foreseen: Foreseen) {
  if (isInterrupted(foreseen))
    return 'dpkg was interrupted, and what finishing its work brings is not known before that'
  if (want.ensure !== 'present') return undefined
  const path = await changedByPlan(['/etc/apt', ...(want.deb === undefined ? [] : [want.deb])], foreseen)
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
