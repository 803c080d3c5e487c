import type { StaleDetails } from '../../protocol/views.ts'
import { StaleWrite, type Subject } from '../store/stale-write.ts'
import type { ApiParts } from './call.ts'
import { ApiFault } from './fault.ts'

interface Asked extends Subject {
  /** As people call it. */
  name: string
  ifRevision: number | undefined
  /** What it would write. */
  change: Omit<StaleDetails['yours'], 'revision'>
}

/** Does the write; where something was written since the revision that it was thought out on, tells both sides. */
export async function unlessStale<Result>(parts: ApiParts, asked: Asked, write: () => Promise<Result>) {
  try {
    return await write()
  } catch (error) {
    const { scope, name, ifRevision, change } = asked
    if (!(error instanceof StaleWrite) || ifRevision === undefined) throw error
    const { revision } = error
    const details: StaleDetails = {
      yours: { revision: ifRevision, ...change },
      theirs: { revision, ...(await setNow(parts, asked)) },
    }
    throw new ApiFault(
      'stale-revision',
      `Somebody wrote to ${scope} ${name} meanwhile: it is at revision ${revision}, and this is for ${ifRevision}. Read it again, and write what still holds.`,
      details,
    )
  }
}

async function setNow({ store }: ApiParts, { scope, subject }: Subject) {
  const [{ nodes }, attributes] = await Promise.all([store.readFleet(), store.readAttributes(scope, subject)])
  const node = scope === 'node' ? nodes.find(({ id }) => id === subject) : undefined
  return { ...(node && { roles: node.roles }), attributes }
}
