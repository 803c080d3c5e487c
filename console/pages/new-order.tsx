import { useState } from 'preact/hooks'
import type { z } from 'zod'
import { api } from '../../protocol/api.ts'
import type { RunMode } from '../../protocol/events.ts'
import { useAct } from '../data/act.ts'
import { call } from '../data/client.ts'
import { say } from '../data/notes.ts'
import { useOnce } from '../data/use-once.ts'
import { useMay } from '../me.ts'
import { Dialog, DialogHead } from '../parts/dialog.tsx'
import { Icon } from '../parts/icon.tsx'
import { to } from '../route.ts'
import { go } from '../router.ts'
import { many } from '../text.ts'

export type OrderTarget = { nodes: string[] } | { role: string } | { all: true }

interface NewOrderProps {
  mode: RunMode
  target: OrderTarget
  /** Asked first, unless it is about a single node. */
  first?: boolean
}

/** The button that asks nodes to converge, or to plan; many at once only after a question. */
export function NewOrder({ mode, target, first = mode === 'converge' }: NewOrderProps) {
  const [asking, setAsking] = useState(false)
  const may = useMay('operator')
  const { keyFor, renew } = useOnce()
  const { run, busy } = useAct(async () => {
    const input = { mode, ...target }
    await order({ ...input, idempotencyKey: keyFor(input) })
    renew()
  })
  const isOne = 'nodes' in target && target.nodes.length === 1
  if (!may) return null
  function ask() {
    renew()
    setAsking(true)
  }
  return (
    <>
      <button
        type="button"
        class={`button ${first ? 'first' : ''}`}
        disabled={busy}
        onClick={() => (isOne || mode === 'plan' ? void run() : ask())}
      >
        <Icon name={mode === 'plan' ? 'plan' : 'orders'} />
        {mode === 'plan' ? 'Plan' : 'Converge'}
      </button>
      {asking && (
        <Dialog label="Converge" onClose={() => setAsking(false)}>
          <DialogHead title={`Converge ${targetText(target)}?`} onClose={() => setAsking(false)} />
          <p class="inside muted">
            Each walks over its catalog now, and changes what differs. A plan tells what that would be.
          </p>
          <footer>
            <button type="button" class="button" onClick={() => setAsking(false)}>
              Leave it
            </button>
            <button type="button" class="button first" disabled={busy} onClick={() => void run()}>
              Converge
            </button>
          </footer>
        </Dialog>
      )}
    </>
  )
}

function targetText(target: OrderTarget) {
  if ('all' in target) return 'all nodes'
  if ('role' in target) return `all nodes with role ${target.role}`
  const [only, ...more] = target.nodes
  return only && more.length === 0 ? only : many(target.nodes.length, 'node')
}

async function order(input: z.input<typeof api.createOrder.input>) {
  const { id, sourceErrors } = await call(api.createOrder, input)
  for (const error of sourceErrors)
    say(`Recipes or roles do not load, and the last good ones are in force: ${error}`, 'failed')
  go(to('orders', id))
}
