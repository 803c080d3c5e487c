import { z } from 'zod'
import { Argv } from './argv.ts'

const Pattern = z.string().refine(isPattern, 'must be a regular expression')
const Status = z.int().min(100).max(599)

/** The ways to ask whether something is well. A probe has exactly one of them. */
export const ProbeWays = z.strictObject({
  tcp: z
    .strictObject({
      host: z.string().min(1).default('127.0.0.1'),
      port: z.int().min(1).max(65535),
      send: z.string().optional(),
      expect: Pattern.optional(),
    })
    .optional()
    .describe(
      'Connects to `host` and `port`; with `send` says that first, with `expect` reads until the pattern matches.',
    ),
  http: z
    .strictObject({
      url: z.url({ protocol: /^https?$/ }),
      status: z.union([Status, z.array(Status).nonempty()]).optional(),
      expect: Pattern.optional(),
    })
    .optional()
    .describe(
      'Asks for `url`, which must answer with `status` or one of several (any of 2xx where left out; redirects are not followed) and, with `expect`, a body that matches.',
    ),
  command: Argv.optional().describe('A command that must exit with 0.'),
})
export type ProbeWays = z.infer<typeof ProbeWays>

export function hasOneWay({ tcp, http, command }: ProbeWays) {
  return [tcp, http, command].filter((one) => one !== undefined).length === 1
}

function isPattern(text: string) {
  try {
    return Boolean(new RegExp(text))
  } catch {
    // That it throws is the answer.
    return false
  }
}
