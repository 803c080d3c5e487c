import { z } from 'zod'
import { api } from '../../protocol/api.ts'
import { command } from '../options.ts'
import { textOf } from '../text-of.ts'

export const metrics = command({
  usage: 'metrics',
  summary: 'Print what Prometheus reads at /metrics.',
  details: 'How Prometheus asks for it is in docs/operating.md.',
  options: z.object({}),

  async run(_options, context) {
    const client = await context.api()
    for await (const text of textOf(client.download(api.readMetrics, {}))) context.output.line(text)
  },
})
