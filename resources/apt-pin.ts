import { z } from 'zod'
import { defineResource } from './define.ts'
import { putText, textDifferences } from './files/text-file.ts'

const Props = z.strictObject({
  ensure: z.enum(['present', 'absent']).default('present').describe('Whether the pin is to be there.'),
  packages: z
    .array(
      z
        .string()
        .regex(/^\S+$/, 'must be one word')
        .refine((name) => !name.includes(','), 'are not divided by commas'),
    )
    .default([])
    .describe('Which packages: names, patterns such as `linux-*`, `src:NAME` for all that are built from it, or `*`.'),
  pin: z
    .string()
    .regex(
      /^(release|version|origin) \S.*$/,
      "must begin with release, version or origin, such as 'release n=trixie-backports'",
    )
    .optional()
    .describe('Which versions of them, as in apt_preferences(5).'),
  priority: z
    .int()
    .min(-32768)
    .max(32767)
    .refine((priority) => priority !== 0, 'cannot be 0, which apt refuses')
    .optional()
    .describe('Below 0 none is installed; from 500 on it may win; from 1000 on also over what is newer and installed.'),
  explanation: z
    .string()
    .regex(/^\S.*$/, 'must be one line')
    .optional()
    .describe('Why, for whoever reads the file.'),
})
type Want = z.infer<typeof Props>

export const aptPin = defineResource({
  type: 'apt_pin',
  summary: 'Which versions of packages apt prefers, in a file of its own in /etc/apt/preferences.d.',
  example: `apt_pin('backports', {
  packages: ['linux-image-amd64', 'src:haproxy'],
  pin: 'release n=bookworm-backports',
  priority: 600,
})`,
  name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/, 'must have letters, digits, _, . and - only'),
  props: Props,
  problem: (_name, { ensure, packages, pin, priority }) =>
    ensure === 'present' && (packages.length === 0 || pin === undefined || priority === undefined)
      ? 'needs packages, pin and priority when it is present.'
      : undefined,
  paths: (name) => [pathOf(name)],
  owns: (name) => [pathOf(name)],
  check: (name, want, host) => textDifferences('content', pathOf(name), textOf(want), host),
  async apply(name, want, host) {
    await putText(pathOf(name), textOf(want), host)
  },
})

// apt passes by what has another suffix.
function pathOf(name: string) {
  return `/etc/apt/preferences.d/${name}.pref`
}

function textOf({ ensure, packages, pin, priority, explanation }: Want) {
  if (ensure === 'absent') return null
  const why = explanation === undefined ? '' : `Explanation: ${explanation}\n`
  return `${why}Package: ${packages.join(' ')}\nPin: ${pin}\nPin-Priority: ${priority}\n`
}
