import type { Disabled } from '../../protocol/catalog.ts'
import type { ServerMessage } from '../../protocol/messages.ts'
import type { Upgrade } from '../../protocol/upgrade.ts'
import { since } from '../../protocol/versions.ts'
import type { OrderMode } from '../../protocol/views.ts'
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
  /** Which minor version of the protocol the node's agent speaks; undefined: it is not connected. */
  minorOf: (nodeId: string) => number | undefined
}

export function createDelivery({ store, clock, catalogs, send, minorOf }: DeliveryParts, turn: TurnTarget) {
  /** Why a node can't do such an order. Without facts there can be no catalog, but soon: such a node is waited for like one that is away. */
  function refusal(nodeId: string, mode: OrderMode) {
    const wanted = catalogs.of(nodeId)
    if (mode === 'upgrade') return whyNoUpgrade(minorOf(nodeId), wanted?.node.facts?.agentVersion)
    if (!wanted?.node.facts) return undefined
    const { compiled } = wanted
    if (compiled.status !== 'compiled') return `${compiled.status}: ${compiled.reason}`
    const { disabled } = compiled.catalog
    return disabled && mode === 'converge' ? whyDisabled(disabled) : undefined
  }

  /** What a node has taken it may ask to have again, whatever has become of its catalog: it then says itself that it can't. */
  function isDue({ node, state, mode }: OpenTarget) {
    return mode === 'upgrade' || state !== 'waiting' || catalogs.of(node)?.compiled.status === 'compiled'
  }

  return {
    refusal,
    /** Sends the node all that it has not finished, and refuses for it what it has no catalog for. At least once: agents know orders by their ids. */
    deliver: async (nodeId: string) => {
      for (const target of await store.openTargets(nodeId)) {
        const reason = target.state === 'waiting' ? refusal(nodeId, target.mode) : undefined
        if (reason !== undefined) await turn(target.order, nodeId, ['waiting'], 'refused', { reason })
        else if (isDue(target)) {
          send(nodeId, messageOf({ ...target, id: target.order }, startByOf(target, clock())))
        }
      }
    },
  }
}

interface Ordered {
  id: string
  mode: OrderMode
  plan?: string
  upgrade?: Upgrade
}

/** The order as its nodes are told it. */
export function messageOf({ id, mode, plan, upgrade }: Ordered, startBy: number): ServerMessage {
  if (mode !== 'upgrade') return { type: 'order', id, mode, ...(plan && { plan }), startBy }
  if (!upgrade) throw new Error(`Order ${id} is to upgrade and does not say to what.`)
  return { type: 'upgrade', id, ...upgrade, startBy }
}

/** Agents of before there were upgrades do not know the word. */
function whyNoUpgrade(minor: number | undefined, version = 'of this node') {
  if (minor === undefined || minor >= since.upgrade) return undefined
  return `the agent ${version} cannot upgrade itself yet. Next: install a newer one by the line of trivet token create`
}

function whyDisabled({ by, until, reason }: Disabled) {
  return `this node is disabled by ${by}${until === undefined ? '' : ` until ${new Date(until).toISOString()}`}: ${reason}`
}
