import { z } from 'zod'
import { api } from '../../protocol/api.ts'
import { isRecord } from '../../protocol/is-record.ts'
import { Name } from '../../protocol/name.ts'
import { command, json, jsonFlag } from '../options.ts'
import { relative } from '../time.ts'

export const explain = command({
  usage: 'explain NODE KEY [--json]',
  summary: "Where the value of a node's attribute comes from, layer by layer.",
  details: 'The last layer wins; of objects, each key by itself. Example: trivet explain web-1 zookeeper.tickTime',
  flags: jsonFlag,
  options: z.object({ operands: z.tuple([Name, z.string()]), json }),

  async run({ operands: [node, key], json: asJson }, context) {
    const found = await (await context.api()).call(api.explain, { node, key })
    if (asJson) return context.output.json(found)
    const winner = isRecord(found.value) ? undefined : found.layers.at(-1)
    context.output.line(`${key} = ${JSON.stringify(found.value)}`)
    context.output.table(
      found.layers.map((one) => ({
        layer: one.layer,
        value: JSON.stringify(one.value),
        by: one.author ?? '',
        set: one.at === null ? '' : relative(one.at, context.now()),
        '': one === winner ? '← in force' : '',
      })),
      'No layer gives it a value.',
    )
  },
})
