import { z } from 'zod'
import { Name } from '../../protocol/name.ts'
import { setAttribute, unsetAttribute } from '../attributes.ts'
import type { Command } from '../command.ts'
import type { Context } from '../context.ts'
import { command, json, jsonFlag } from '../options.ts'

const set = command({
  usage: 'cluster set CLUSTER KEY VALUE [--json]',
  summary: 'Set an attribute for all nodes of a cluster.',
  details:
    'VALUE is JSON where it is JSON, otherwise text. Example: trivet cluster set default zookeeper.tickTime 3000',
  flags: jsonFlag,
  options: z.object({ operands: z.tuple([Name, z.string(), z.string()]), json }),
  run: ({ operands, json: asJson }, context) => setAttribute('clusters', operands, asJson, context),
})

const unset = command({
  usage: 'cluster unset CLUSTER KEY [--json]',
  summary: 'Take an attribute of a cluster back.',
  flags: jsonFlag,
  options: z.object({ operands: z.tuple([Name, z.string()]), json }),
  run: ({ operands, json: asJson }, context) => unsetAttribute('clusters', operands, asJson, context),
})

export const clusterCommands: Command<Context>[] = [set, unset]
