import { z } from 'zod'
import { api } from '../../protocol/api.ts'
import { isRecord } from '../../protocol/is-record.ts'
import { Name } from '../../protocol/name.ts'
import type { AttributeLayer } from '../../protocol/views.ts'
import type { Context } from '../context.ts'
import { command, json, jsonFlag } from '../options.ts'
import { relative } from '../time.ts'

export const explain = command({
  usage: 'node explain NODE [KEY] [--json]',
  summary: "Where the value of a node's attribute comes from, layer by layer; without KEY, of each of its attributes.",
  details: 'The last layer wins; of objects, each key by itself. Example: trivet node explain web-1 zookeeper.tickTime',
  flags: jsonFlag,
  options: z.object({ operands: z.tuple([Name], z.string()), json }),

  async run({ operands: [node, key], json: asJson }, context) {
    const client = await context.api()
    if (key === undefined) {
      const all = await client.call(api.explainNode, { node })
      if (asJson) return context.output.json(all)
      return printAll(all, context)
    }
    const found = await client.call(api.explain, { node, key })
    if (asJson) return context.output.json(found)
    printOne(key, found, context)
  },
})

interface Explained {
  value?: unknown
  layers: AttributeLayer[]
}

function printOne(key: string, { value, layers }: Explained, context: Context) {
  const winner = isRecord(value) ? undefined : layers.at(-1)
  context.output.line(`${key} = ${JSON.stringify(value)}`)
  context.output.table(
    layers.map((one) => ({
      layer: one.layer,
      value: JSON.stringify(one.value),
      ...writerOf(one, context),
      '': one === winner ? '← in force' : '',
    })),
    'No layer gives it a value.',
  )
}

function printAll(all: (Explained & { key: string })[], context: Context) {
  context.output.table(
    all.map(({ key, value, layers }) => ({
      attribute: key,
      value: JSON.stringify(value),
      from: (isRecord(value) ? layers : layers.slice(-1)).map(({ layer }) => layer).join(', '),
      ...writerOf(layers.at(-1), context),
    })),
    'Its roles have no recipes with attributes.',
  )
}

function writerOf(layer: AttributeLayer | undefined, { now }: Context) {
  return { by: layer?.author ?? '', set: typeof layer?.at === 'number' ? relative(layer.at, now()) : '' }
}
