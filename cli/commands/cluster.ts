import { z } from 'zod'
import { api } from '../../protocol/api.ts'
import { Name } from '../../protocol/name.ts'
import { setAttribute, unsetAttribute } from '../attributes.ts'
import type { Command } from '../command.ts'
import type { Context } from '../context.ts'
import { attributeLines } from '../describe.ts'
import { ifRevision, ifRevisionFlag } from '../if-revision.ts'
import { command, json, jsonFlag } from '../options.ts'

const list = command({
  usage: 'cluster list [--json]',
  summary: 'List the clusters that have nodes or attributes.',
  flags: jsonFlag,
  options: z.object({ json }),

  async run({ json: asJson }, context) {
    const clusters = await (await context.api()).list(api.listClusters, {})
    if (asJson) return context.output.json(clusters)
    context.output.table(
      clusters.map(({ name, nodeCount, revision, attributes }) => ({
        cluster: name,
        nodes: String(nodeCount),
        revision: String(revision),
        attributes: attributeLines(attributes).join(', '),
      })),
      'There are no clusters yet: nodes bring theirs when they join.',
    )
  },
})

const set = command({
  usage: 'cluster set CLUSTER KEY VALUE [--if-revision N] [--json]',
  summary: 'Set an attribute for all nodes of a cluster.',
  details:
    'VALUE is JSON where it is JSON, otherwise text. Example: trivet cluster set default zookeeper.tickTime 3000',
  flags: { ...ifRevisionFlag, ...jsonFlag },
  options: z.object({ operands: z.tuple([Name, z.string(), z.string()]), 'if-revision': ifRevision, json }),
  run: ({ operands: [name, key, text], 'if-revision': revision, json: asJson }, context) =>
    setAttribute({ scope: 'clusters', name, key, ifRevision: revision, json: asJson }, text, context),
})

const unset = command({
  usage: 'cluster unset CLUSTER KEY [--if-revision N] [--json]',
  summary: 'Take an attribute of a cluster back.',
  flags: { ...ifRevisionFlag, ...jsonFlag },
  options: z.object({ operands: z.tuple([Name, z.string()]), 'if-revision': ifRevision, json }),
  run: ({ operands: [name, key], 'if-revision': revision, json: asJson }, context) =>
    unsetAttribute({ scope: 'clusters', name, key, ifRevision: revision, json: asJson }, context),
})

export const clusterCommands: Command<Context>[] = [list, set, unset]
