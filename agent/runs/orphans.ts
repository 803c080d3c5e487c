import { type Cleanup, digestOf, idOf, type ResourceId } from '../../protocol/catalog.ts'
import { messageOf } from '../../protocol/errors.ts'
import type { Change, ResourceEvent } from '../../protocol/events.ts'
import type { ResourceType } from '../../resources/define.ts'
import { faultPoint } from '../../resources/fault-points.ts'
import type { Host } from '../../resources/host.ts'
import { withheld, withheldError } from './apply.ts'
import type { Ledger, Made } from '../kept/ledger.ts'
import type { HoldsBack } from './stance.ts'
import { unwantedOf } from './unwanted.ts'
import { type Prepared, type ResourceTypes, UnreadableProps } from './prepare.ts'

export interface Cleaning {
  host: Host & { readKept: (hash: string) => Buffer }
  ledger: Ledger
  types: ResourceTypes
  report: (event: ResourceEvent) => void
  /** Called before a change is made. */
  changing: () => void
  cleanupOf: (recipe: string) => Cleanup
  holdsBack: HoldsBack
  /** What would be done is told, and nothing is done. */
  isPlan: boolean
}

/**
 * Deals with what Trivet made and no catalog names any more: removed or restored where its recipe said so when it was last in force, and
 * kept otherwise. Gives those that are still there. What others made is never removed.
 */
export async function cleanUp(digest: string, prepared: Prepared[], cleaning: Cleaning): Promise<ResourceId[]> {
  const left: ResourceId[] = []
  const recipes = new Set(prepared.map(({ resource }) => resource.recipe))
  for (const known of cleaning.ledger.orphans(digest, prepared)) {
    if (isDeclaredAnew(known, prepared, cleaning.types)) {
      if (!cleaning.isPlan) cleaning.ledger.forget(idOf(known))
      continue
    }
    // What the recipe says now counts, as long as it says anything.
    const made = recipes.has(known.recipe) ? { ...known, cleanup: cleaning.cleanupOf(known.recipe) } : known
    if (!(await isGone(made, cleaning))) left.push(idOf(made))
  }
  return left
}

async function isGone(made: Made, { host, ledger, types, report, changing, holdsBack, isPlan }: Cleaning) {
  const type = types[made.type]
  const unwanted = type && unwantedOf(type, made.props)
  if (!type || unwanted === undefined) return false
  const startedAt = performance.now()
  const action = actionFor(made, type)
  const about = { id: idOf(made), action: action ?? 'keep', recipe: made.recipe } as const
  const took = () => ({ ...about, durationMs: Math.round(performance.now() - startedAt) })
  try {
    const changes = await type.check(made.name, unwanted, host)
    if (changes.length > 0 && !(action === 'restore' && isRestored(made, type, host))) {
      if (action === undefined) return false
      if (await isTheirs(made, type, host)) {
        report({ outcome: 'skipped', ...took(), reason: 'somebody has changed it since Trivet made it, so it stays' })
        return false
      }
      const shown = shownOf(action, changes, made)
      if (isOnlyTold({ ...took(), changes: shown }, made, holdsBack, isPlan, report)) return false
      changing()
      faultPoint('orphan.undoing')
      if (action === 'remove') await type.apply(made.name, unwanted, host, changes)
      else await restore(made, type, host)
      faultPoint('orphan.undone')
      host.changed()
      report({ outcome: 'changed', ...took(), changes: shown })
    }
    if (!isPlan) ledger.forget(about.id)
    return true
  } catch (error) {
    // Others may keep things in it, for ever: told each time, but no reason to call the run failed.
    report({
      outcome: 'failed',
      ...took(),
      changes: [],
      error: made.sensitive ? withheldError : messageOf(error),
      ignored: true,
    })
    return false
  }
}

/** By somebody else, or by an agent that died before it could say so. */
function isRestored(made: Made, type: ResourceType, { files }: Host) {
  const path = pathOf(made, type)
  return path !== undefined && files.stat(path)?.kind === 'file' && files.hash(path) === made.before?.kept
}

/** Another resource of the catalog manages the same file by now, or has the same part in it. */
function isDeclaredAnew({ type: typeName, name, props }: Made, prepared: Prepared[], types: ResourceTypes) {
  const type = types[typeName]
  const part = type?.edits?.(name, props)
  const paths = new Set(type?.paths?.(name, props))
  return prepared.some((one) => {
    const { type: other, resource, want } = one
    if (want instanceof UnreadableProps) return false
    if (part === undefined) return other.paths?.(resource.name, want).some((path) => paths.has(path)) ?? false
    if (other.owns?.(resource.name, want).includes(part)) return true
    const isSamePart = other === type && other.edits?.(resource.name, want) === part
    return isSamePart && name.startsWith(`${part}#`) && digestOf(want) === digestOf(props)
  })
}

const access = new Set(['mode', 'owner', 'group'])

/** Of a file, a link or a part of a file it can be told whether it is what was made; by whom it may be read does not count. */
async function isTheirs(made: Made, type: ResourceType, host: Host) {
  const { name, props } = made
  const path = pathOf(made, type)
  const isFile = path !== undefined && (name === path || name.startsWith(`${path}#`))
  const kind = isFile ? host.files.stat(path)?.kind : undefined
  if (kind === undefined || kind === 'directory') return false
  try {
    return (await type.check(name, props, host)).some(({ what }) => !access.has(what))
  } catch {
    return true // What cannot be told is not ours to remove.
  }
}

function shownOf(action: 'remove' | 'restore', changes: Change[], { sensitive }: Made) {
  if (action === 'restore') return [{ what: 'content', from: 'ours', to: 'as it was before' }]
  return sensitive ? changes.map(withheld) : changes
}

/** What is to be done in a plan, or may not be done now, is told in its place. */
function isOnlyTold(
  about: { id: ResourceId; action: string; recipe: string; durationMs: number; changes: Change[] },
  { recipe }: Made,
  holdsBack: HoldsBack,
  isPlan: boolean,
  report: Cleaning['report'],
) {
  const held = holdsBack({ resource: { recipe } })
  if (held?.outcome === 'deferred') report({ outcome: 'deferred', ...about, reason: held.reason })
  else if (held) report({ outcome: 'would-change', ...about, proviso: held.reason })
  else if (isPlan) report({ outcome: 'would-change', ...about })
  return held !== undefined || isPlan
}

// A part of a file is taken out of it; the bytes of before would take along what others have written since.
function actionFor({ how, cleanup, before, name, props }: Made, type: ResourceType) {
  if (cleanup === 'keep') return undefined
  if (how === 'made') return 'remove'
  const part = type.edits?.(name, props)
  if (cleanup === 'restore' && part !== undefined && part !== name) return 'remove'
  return cleanup === 'restore' && before?.kept !== undefined ? 'restore' : undefined
}

async function restore(made: Made, type: ResourceType, host: Cleaning['host']) {
  const path = pathOf(made, type)
  const { before } = made
  if (path === undefined || before?.kept === undefined) throw new Error(`nothing of before is kept of ${idOf(made)}`)
  await host.files.write(path, host.readKept(before.kept), before)
}

function pathOf({ name, props }: Made, type: ResourceType) {
  return type.paths?.(name, props)[0]
}
