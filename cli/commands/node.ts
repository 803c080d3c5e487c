import { z } from 'zod'
import { api } from '../../protocol/api.ts'
import { idOf } from '../../protocol/catalog.ts'
import { type NodeDetail, type NodeSummary } from '../../protocol/views.ts'
import type { Command } from '../command.ts'
import type { Context } from '../context.ts'
import { attributeLines, facts } from '../describe.ts'
import { leaseText } from '../lease-text.ts'
import { command, json, jsonFlag, oneNode } from '../options.ts'
import { paintWord } from '../paint.ts'
import { policyText } from '../policy-text.ts'
import { stanceTexts } from '../stance-text.ts'
import { relative } from '../time.ts'
import { explain } from './node-explain.ts'
import { nodeLifecycle } from './node-lifecycle.ts'
import { nodeList } from './node-list.ts'
import { nodeStances } from './node-stances.ts'
import { nodeWait } from './node-wait.ts'
import { nodeWrites } from './node-writes.ts'

function connection({ connected }: NodeSummary) {
  return connected ? 'connected' : 'offline'
}

const show = command({
  usage: 'node show NODE [--json]',
  summary: 'Show one node: facts, roles, attributes, last run, what is owed, leases, health.',
  flags: jsonFlag,
  options: z.object({ operands: oneNode, json }),

  async run({ operands: [node], json: asJson }, context) {
    const found = await (await context.api()).call(api.readNode, { node })
    if (asJson) return context.output.json(found)
    context.output.line(facts({ ...standing(found, context), ...machine(found) }))
  },
})

function standing(node: NodeDetail, { paint, now }: Context) {
  const seen = node.connected || node.lastSeenAt === null ? '' : `, last seen ${relative(node.lastSeenAt, now())}`
  return {
    node: node.name,
    id: node.id,
    cluster: node.cluster,
    roles: node.roles
      .map((role) => (role in node.ordinals ? `${role} (ordinal ${node.ordinals[role]})` : role))
      .join(', '),
    state: paintWord(paint, node.state) + (node.reason ? `: ${node.reason}` : ''),
    ...stanceTexts(node, now()),
    agent: connection(node) + seen,
    joined: relative(node.createdAt, now()),
    'last run':
      node.lastRun && `${node.lastRun.id} ${node.lastRun.outcome}, ${relative(node.lastRun.finishedAt, now())}`,
    owed: node.owed,
    leases: node.leases.map((lease) => leaseText(lease, now())),
    probes: Object.entries(node.probes).map(
      ([probe, trouble]) => `${probe} ${trouble === null ? 'is well' : `is not well: ${trouble}`}`,
    ),
    catalog: node.catalog && `${node.catalog.digest.slice(0, 12)}, ${node.catalog.resources} resources`,
    attributes: attributeLines(node.attributes),
    revision: String(node.revision),
  }
}

function machine({ address, facts: said }: NodeDetail) {
  if (!said) return { address, facts: 'not sent yet' }
  return {
    address: said.addresses.join(', '),
    system: `${said.os.id} ${said.os.version} (${said.os.codename}), Linux ${said.kernel}, ${said.arch}`,
    machine: `${said.cpus} CPUs, ${said.memoryMb} MB, ${said.virtual}`,
    version: `trivet-agent ${said.agentVersion}`,
  }
}

const catalog = command({
  usage: 'node catalog NODE [--json]',
  summary: 'What the node should be, compiled now; --json has all properties.',
  flags: jsonFlag,
  options: z.object({ operands: oneNode, json }),

  async run({ operands: [node], json: asJson }, context) {
    const found = await (await context.api()).call(api.readCatalog, { node })
    if (asJson) return context.output.json(found)
    const { policies } = found
    context.output.table(
      found.resources.map((resource) => ({
        resource: idOf(resource),
        recipe: resource.recipe,
        declared: resource.declaredAt,
        ...(policies ? { policy: policyText(policies[resource.recipe]) } : {}),
      })),
      'The catalog is empty.',
    )
    context.output.note(`Catalog ${found.digest.slice(0, 12)}, ${found.resources.length} resources.`)
  },
})

export const nodeCommands: Command<Context>[] = [
  nodeList,
  show,
  catalog,
  explain,
  nodeWait,
  ...nodeWrites,
  ...nodeLifecycle,
  ...nodeStances,
]
