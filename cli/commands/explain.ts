import { z } from 'zod'
import { api } from '../../protocol/api.ts'
import { Name } from '../../protocol/views.ts'
import { command, json, jsonFlag } from '../options.ts'
import { relative } from '../time.ts'

export const explain = command({
  usage: 'explain NODE KEY [--json]',
  summary: "Where the value of a node's attribute comes from, layer by layer.",
  details: 'The last layer that has a value wins. Example: trivet explain web-1 zookeeper.tickTime',
  flags: jsonFlag,
  options: z.object({ operands: z.tuple([Name, z.string()]), json }),

  async run({ operands: [node, key], json: asJson }, context) {
    const found = await (await context.api()).call(api.explain, { node, key })
    if (asJson) return context.output.json(found)
    const winner = found.layers.findLastIndex(({ value }) => value !== undefined)
    context.output.line(`${key} = ${valueText(found.value)}`)
    context.output.table(
      found.layers.map(({ layer, value, author, at }, index) => ({
        layer,
        value: valueText(value),
        by: author ?? '',
        set: at === null ? '' : relative(at, context.now()),
        '': index === winner ? '← in force' : '',
      })),
      'No layer gives it a value.',
    )
  },
})

function valueText(value: unknown) {
  return value === undefined ? '(none)' : JSON.stringify(value)
}
