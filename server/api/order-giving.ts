import type { z } from 'zod'
import type { Api } from '../../protocol/api.ts'
import { digestOf } from '../../protocol/catalog.ts'
import type { Upgrade } from '../../protocol/upgrade.ts'
import type { NewOrder } from '../orders/orders.ts'
import type { Once } from '../store/orders.ts'
import type { ApiParts, Handlers } from './call.ts'
import type { Caller } from './caller.ts'
import { ApiFault } from './fault.ts'
import { findLivingNode, findOrder, requireRoles } from './find.ts'

export function orderGiving(parts: ApiParts): Pick<Handlers, 'createOrder' | 'orderAgain'> {
  return {
    createOrder: ({ idempotencyKey, ...asked }, caller) =>
      give(parts, caller, onceOf(idempotencyKey, asked), async () => {
        const { mode, plan, upgrade, deadlineMs, ...whom } = asked
        if (plan !== undefined && (mode !== 'converge' || whom.nodes?.length !== 1))
          throw new ApiFault('bad-input', 'A plan is of one node: name that one, and converge.')
        if ((mode === 'upgrade') !== (upgrade !== undefined))
          throw new ApiFault('bad-input', 'With mode upgrade, and with no other, say upgrade: to which version.')
        if (upgrade) await requireAgent(parts, upgrade, deadlineMs)
        return { mode, plan, upgrade, deadlineMs, nodes: await nodesOf(parts, caller, whom) }
      }),
    orderAgain: ({ idempotencyKey, id }, caller) =>
      give(parts, caller, onceOf(idempotencyKey, { again: id }), async () => {
        const { mode, plan, upgrade, createdAt, deadline } = await findOrder(parts, caller, id)
        const nodes = await parts.store.unconverged(id, caller.clusters)
        if (nodes.length > 0) return { mode, plan, upgrade, again: id, deadlineMs: deadline - createdAt, nodes }
        throw new ApiFault(
          'nothing-again',
          `No node is done with order ${id} without having converged. trivet order show ${id} tells how each stands.`,
        )
      }),
  }
}

/** What the node does when its time is over must still be within that of the order. */
const afterPatienceMs = 60_000

async function requireAgent({ handout }: ApiParts, { version, patienceMs }: Upgrade, deadlineMs: number) {
  const { versions, isSigned } = await handout.versions()
  const there = [...versions.keys()].join(', ') || 'none'
  if (!versions.has(version))
    throw new ApiFault(
      'no-agent',
      `This server hands out no agent ${version}: SHA256SUMS in its folder of agents names ${there}. Next: build it (npm run build:agent -- --signing-key FILE), or put what was built into that folder (docs/operating.md, Upgrades)`,
    )
  if (!isSigned)
    throw new ApiFault(
      'no-agent',
      `The agent ${version} is not signed, and no agent takes it. Build it anew: npm run build:agent -- --signing-key FILE`,
    )
  if (deadlineMs < patienceMs + afterPatienceMs)
    throw new ApiFault('bad-input', 'deadlineMs: must be at least a minute more than upgrade.patienceMs')
}

/** Makes the order, or gives the one that its author made under the same key. */
async function give(
  parts: ApiParts,
  caller: Caller,
  once: Once | undefined,
  make: () => Promise<Omit<NewOrder, 'by' | 'once'>>,
) {
  const { by } = caller
  const order =
    (await givenBefore(parts, caller, once)) ??
    (await parts.orders.create({ ...(await make()), by, once })) ??
    (await givenBefore(parts, caller, once))
  if (!order) throw new Error(`The order of ${by.author} was neither made nor there.`)
  return { ...order, sourceErrors: parts.revisions.errors() }
}

function onceOf(key: string | undefined, asked: object): Once | undefined {
  return key === undefined ? undefined : { key, asked: digestOf(asked) }
}

async function givenBefore(parts: ApiParts, caller: Caller, once: Once | undefined) {
  const before = once && (await parts.store.findOrderByKey(caller.by.author, once.key))
  if (!before) return undefined
  if (before.asked === once.asked) return findOrder(parts, caller, before.id)
  throw new ApiFault(
    'key-reused',
    `Under this Idempotency-Key you gave order ${before.id}, which was another. Take a new key for a new order.`,
    { order: before.id },
  )
}

type Whom = Pick<z.infer<Api['createOrder']['input']>, 'nodes' | 'role' | 'all'>

async function nodesOf(parts: ApiParts, caller: Caller, { nodes, role, all }: Whom) {
  if ([nodes, role, all].filter((given) => given !== undefined).length !== 1)
    throw new ApiFault('bad-input', 'Give exactly one of nodes, role and all.')
  if (nodes) return Promise.all([...new Set(nodes)].map(async (name) => (await findLivingNode(parts, caller, name)).id))
  const fleet = (await parts.store.readFleet()).nodes
  const found = fleet.filter(
    ({ cluster, roles }) => caller.sees(cluster) && (role === undefined || roles.includes(role)),
  )
  if (found.length > 0) return found.map(({ id }) => id)
  if (role !== undefined) requireRoles(parts, [role])
  throw new ApiFault('no-nodes', role === undefined ? 'No node has joined yet.' : `No node has the role ${role}.`)
}
