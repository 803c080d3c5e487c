import { createTwoFilesPatch } from 'diff'
import type { RevisionView, SourceChange } from '../../protocol/revision.ts'
import type { KeptFile, KeptRevision } from '../store/revisions.ts'
import type { ApiParts, Handlers } from './call.ts'
import { includesAccess } from './caller.ts'
import { requireRevision } from './find.ts'

export function revisionHandlers(parts: ApiParts): Pick<Handlers, 'readRevision'> {
  const { store, revisions } = parts
  return {
    async readRevision(_input, { access }): Promise<RevisionView> {
      const current = requireRevision(parts)
      const [now, before] = await store.lastRevisions()
      const changes = now && before ? changesOf(before.files, now.files) : []
      // Sources may hold what a catalog hides from who only looks.
      const mayRead = includesAccess(access, 'operator')
      return {
        id: current.id,
        at: now?.at ?? revisions.loadedAt(),
        errors: revisions.errors(),
        before: before ? { id: before.id, at: before.at } : null,
        changes: changes.map((change) => (mayRead ? change : { ...change, diff: null })),
      }
    },
  }
}

type Files = KeptRevision['files']

function changesOf(before: Files, now: Files): SourceChange[] {
  const paths = [...new Set([...Object.keys(before), ...Object.keys(now)])].toSorted()
  return paths.flatMap((path) => {
    const [old, young] = [before[path], now[path]]
    if (old?.sha256 === young?.sha256) return []
    const change = old && young ? 'changed' : old ? 'removed' : 'added'
    return [{ path, change, diff: diffOf(path, old, young) }]
  })
}

/** As many lines differ at most as somebody reads, and as are found before anybody waits. */
const most = { maxEditLength: 2000, timeout: 100 }

function diffOf(path: string, old: KeptFile | undefined, young: KeptFile | undefined) {
  if (old?.text === null || young?.text === null) return null
  const options = { ...most, headerOptions: { includeIndex: false, includeUnderline: false, includeFileHeaders: true } }
  return createTwoFilesPatch(path, path, old?.text ?? '', young?.text ?? '', '', '', options) ?? null
}
