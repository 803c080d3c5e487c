import { z } from 'zod'
import { api } from '../../protocol/api.ts'
import { noteSourceErrors } from '../source-errors.ts'
import { command, json, jsonFlag } from '../options.ts'

export const whoami = command({
  usage: 'whoami [--json]',
  summary: 'Who you are to the server, and what it runs.',
  flags: jsonFlag,
  options: z.object({ json }),

  async run({ json: asJson }, context) {
    const who = await (await context.api()).call(api.whoami, {})
    if (asJson) return context.output.json(who)
    noteSourceErrors(who.sourceErrors, context.output)
    context.output.line(`${who.name} (${who.access}); server ${who.version}, revision ${who.revision.slice(0, 12)}`)
  },
})
