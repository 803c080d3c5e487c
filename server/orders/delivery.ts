import type { Disabled } from '../../protocol/catalog.ts'
import type { RunMode } from '../../protocol/events.ts'
import type { ServerMessage } from '../../protocol/messages.ts'
import type { Catalogs } from '../catalogs.ts'
import type { OpenTarget } from '../store/orders.ts'
import type { Store } from '../store/store.ts'
import { startByOf } from './expiry.ts'
import type { TurnTarget } from './orders.ts'

export interface DeliveryParts {
  store: Store
  clock: () => number
  catalogs: Catalogs
  /** Sends to the node if it is connected and knows its catalog. */
  send: (nodeId: string, message: ServerMessage) => void
}

export function createDelivery({ store, clock, catalogs, send }: DeliveryParts, turn: TurnTarget) {
  /** Why a node can't do such an order. Without facts there can be no catalog, but soon: such a node is waited for like one that is away. */
  function refusal(nodeId: string, mode: RunMode) {
    const wanted = catalogs.of(nodeId)
    if (!wanted?.node.facts) return undefined
    const { compiled } = wanted
    if (compiled.status !== 'compiled') return `${compiled.status}: ${compiled.reason}`
    const { disabled } = compiled.catalog
    return disabled && mode === 'converge' ? whyDisabled(disabled) : undefined
  }

  /** What a node has taken it may ask to have again, whatever has become of its catalog: it then says itself that it can't. */
  function isDue({ node, state }: OpenTarget) {
    return state !== 'waiting' || catalogs.of(node)?.compiled.status === 'compiled'
  }

  return {
    refusal,
    /** Sends the node all that it has not finished, and refuses for it what it has no catalog for. At least once: agents know orders by their ids. */
    deliver: async (nodeId: string) => {
      for (const target of await store.openTargets(nodeId)) {
        const reason = target.state === 'waiting' ? refusal(nodeId, target.mode) : undefined
        if (reason !== undefined) await turn(target.order, nodeId, ['waiting'], 'refused', { reason })
        else if (isDue(target)) {
          const { order: id, mode, plan } = target
          send(nodeId, { type: 'order', id, mode, ...(plan && { plan }), startBy: startByOf(target, clock()) })
        }
      }
    },
  }
}

function whyDisabled({ by, until, reason }: Disabled) {
  return `this node is disabled by ${by}${until === undefined ? '' : ` until ${new Date(until).toISOString()}`}: ${reason}`
}
