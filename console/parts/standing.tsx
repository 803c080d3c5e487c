import { standing } from '../data/feed.ts'
import { now } from '../data/now.ts'
import { useSignal } from '../data/signal.ts'
import type { Look } from '../status.ts'
import { Ago, Status, Tell } from './parts.tsx'

const looks: Record<'opening' | 'live' | 'cut', Look> = {
  opening: { label: 'connecting', tone: 'calm', icon: 'spin', spin: true },
  live: { label: 'live', tone: 'good', icon: 'fleet' },
  cut: { label: 'not live', tone: 'warn', icon: 'offline' },
}

/** Whether the page shows what happens as it happens. */
export function Standing() {
  const { state } = useSignal(standing)
  return <Status look={looks[state]} title={state === 'live' ? 'What happens is shown as it happens.' : undefined} />
}

/** A short cut is nobody's concern. */
const toldAfterMs = 3000

export function CutOff() {
  useSignal(now)
  const { state, since } = useSignal(standing)
  const isTold = state === 'cut' && Date.now() - since > toldAfterMs
  return (
    <div role="status">
      {isTold && (
        <div class="reason">
          <Tell tone="warn" icon="offline">
            Not live since <Ago at={since} />: the connection to the server was cut. It is tried again; until then this
            page asks every ten seconds, and shows what it was told last.
          </Tell>
        </div>
      )}
    </div>
  )
}
