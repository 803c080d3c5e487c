import { useRef } from 'preact/hooks'
import { StaleDetails } from '../../protocol/views.ts'
import { useAct } from './act.ts'

type Revision = number | undefined

/** A write for the revision that the page showed. Where somebody wrote since, nothing is written, and `stale` has both sides. */
export function useGuarded<Args extends unknown[]>(write: (ifRevision: Revision, ...args: Args) => Promise<unknown>) {
  const { run, busy, failure, forget } = useAct(write)
  const asked = useRef<Args>(undefined)
  const stale = failure?.code === 'stale-revision' ? StaleDetails.safeParse(failure.details).data : undefined
  return {
    busy,
    stale,
    failure: stale ? undefined : failure,
    run(ifRevision: Revision, ...args: Args) {
      asked.current = args
      return run(ifRevision, ...args)
    },
    /** Writes it over what `stale` shows of theirs, and over nothing newer. */
    async anyway() {
      if (stale && asked.current) await run(stale.theirs.revision, ...asked.current)
    },
    forget,
  }
}
