import type { RevisionSummary } from '../protocol/revision.ts'
import type { Revision } from './sources/revision.ts'
import type { Digests, KeptFile, RevisionContent, RevisionStore } from './store/revisions.ts'

const nothing: RevisionContent = { files: {}, roles: {}, recipes: {}, types: {} }

/** Remembers that a revision comes into force, with what is other in it than in the one before. */
export async function keepRevision(store: RevisionStore, { id, content }: Revision, at: number) {
  const [last] = await store.lastRevisions()
  if (last?.id !== id)
    await store.keepRevision({ id, at, ...changesBetween(last?.content ?? nothing, content) }, content)
}

export function changesBetween(before: RevisionContent, now: RevisionContent): Omit<RevisionSummary, 'id' | 'at'> {
  const { added, changed, removed } = differences(digestsOf(before.files), digestsOf(now.files))
  const touched = (part: 'roles' | 'recipes' | 'types') => {
    const parts = differences(before[part], now[part])
    return [...parts.added, ...parts.changed, ...parts.removed].toSorted()
  }
  return {
    files: { added, changed, removed },
    roles: touched('roles'),
    recipes: touched('recipes'),
    types: touched('types'),
  }
}

function digestsOf(files: Record<string, KeptFile>): Digests {
  return Object.fromEntries(Object.entries(files).map(([path, { sha256 }]) => [path, sha256]))
}

function differences(before: Digests, now: Digests) {
  const names = Object.keys(now).toSorted()
  return {
    added: names.filter((name) => before[name] === undefined),
    changed: names.filter((name) => before[name] !== undefined && before[name] !== now[name]),
    removed: Object.keys(before)
      .filter((name) => now[name] === undefined)
      .toSorted(),
  }
}
