import { z } from 'zod'
import { api } from '../../protocol/api.ts'
import { Name } from '../../protocol/name.ts'
import type { ClusterView } from '../../protocol/views.ts'
import { setAttribute, unsetAttribute } from '../attributes.ts'
import type { Command } from '../command.ts'
import type { Context } from '../context.ts'
import { attributeLines } from '../describe.ts'
import { ifRevision, ifRevisionFlag } from '../if-revision.ts'
import { listFlags, listOptions, listUsage, printList } from '../list.ts'
import { command, json, jsonFlag } from '../options.ts'

const list = command({
  usage: `cluster list ${listUsage}`,
  summary: 'List the clusters that have nodes or attributes.',
  flags: listFlags,
  options: z.object(listOptions(api.listClusters)),

  async run({ sort, ...shown }, context) {
    const clusters = await (await context.api()).list(api.listClusters, { sort })
    const empty = 'There are no clusters yet: nodes bring theirs when they join.'
    printList(clusters, { ...shown, row: rowOf, empty }, context)
  },
})

function rowOf({ name, nodeCount, revision, attributes }: ClusterView) {
  return {
    cluster: name,
    nodes: String(nodeCount),
    revision: String(revision),
    attributes: attributeLines(attributes).join(', '),
  }
}

const set = command({
  usage: 'cluster set CLUSTER KEY VALUE [--if-revision N] [--json]',
  summary: 'Set an attribute for all nodes of a cluster.',
  details:
    'VALUE is JSON where it is JSON, otherwise text. Example: trivet cluster set default zookeeper.tickTime 3000',
  flags: { ...ifRevisionFlag, ...jsonFlag },
  options: z.object({ operands: z.tuple([Name, z.string(), z.string()]), 'if-revision': ifRevision, json }),

  async run({ operands: [name, key, text], 'if-revision': revision, json: asJson }, context) {
    const asked = { scope: 'clusters', name, key, ifRevision: revision, json: asJson } as const
    const done = await setAttribute(asked, text, context)
    if (asJson) context.output.json(done)
  },
})

const unset = command({
  usage: 'cluster unset CLUSTER KEY [--if-revision N] [--json]',
  summary: 'Take an attribute of a cluster back.',
  flags: { ...ifRevisionFlag, ...jsonFlag },
  options: z.object({ operands: z.tuple([Name, z.string()]), 'if-revision': ifRevision, json }),

  async run({ operands: [name, key], 'if-revision': revision, json: asJson }, context) {
    const done = await unsetAttribute({ scope: 'clusters', name, key, ifRevision: revision, json: asJson }, context)
    if (asJson) context.output.json(done)
  },
})

export const clusterCommands: Command<Context>[] = [list, set, unset]
