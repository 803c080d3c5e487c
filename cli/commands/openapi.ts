import { z } from 'zod'
import { api } from '../../protocol/api.ts'
import { command } from '../options.ts'

export const openapi = command({
  usage: 'openapi',
  summary: "The server's API as an OpenAPI 3.1 document, for what makes clients.",
  options: z.object({}),

  async run(_options, context) {
    context.output.json(await (await context.api()).call(api.readOpenApi, {}))
  },
})
