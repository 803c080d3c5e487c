import { createTwoFilesPatch } from 'diff'
import type { RevisionView, SourceChange } from '../../protocol/revision.ts'
import type { KeptFile, RevisionContent } from '../store/revisions.ts'
import type { ApiParts, Handlers } from './call.ts'
import { includesAccess } from './caller.ts'
import { ApiFault } from './fault.ts'
import { requireRevision, unknown } from './find.ts'
import { keyAfter, pageFrom } from './pages.ts'

type RevisionCalls = 'readRevision' | 'listRevisions' | 'readPastRevision'

export function revisionHandlers(parts: ApiParts): Pick<Handlers, RevisionCalls> {
  return { ...inForce(parts), ...past(parts) }
}

function inForce(parts: ApiParts): Pick<Handlers, 'readRevision'> {
  const { store, revisions } = parts
  return {
    async readRevision(_input, { access }): Promise<RevisionView> {
      const current = requireRevision(parts)
      const [now, before] = await store.lastRevisions()
      const changes = now && before ? changesOf(before.content.files, now.content.files) : []
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

function past({ store }: ApiParts): Pick<Handlers, 'listRevisions' | 'readPastRevision'> {
  return {
    async listRevisions(asked) {
      const [last] = keyAfter(asked, [0]) ?? []
      const after = typeof last === 'number' ? last : undefined
      const rows = await store.findRevisions({ ...asked, after, limit: asked.limit + 1 })
      const { items, next } = pageFrom(rows, asked, ({ seq }) => [seq])
      return { items: items.map(({ seq: _seq, ...revision }) => revision), next }
    },
    async readPastRevision({ id }) {
      const [found, other] = await store.readRevisions(id)
      if (other) throw new ApiFault('ambiguous-revision', `Several revisions begin with ${id}. Give more of it.`)
      if (!found) {
        const recent = await store.findRevisions({ limit: 10 })
        throw unknown(
          'revision',
          id,
          recent.map((one) => one.id),
        )
      }
      const { seq: _seq, ...revision } = found
      return revision
    },
  }
}

type Files = RevisionContent['files']

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
