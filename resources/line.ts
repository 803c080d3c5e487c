import { z } from 'zod'
import { defineEdit, editProps, partName } from './edits/edit.ts'
import { editLines, insertLines, matching, Pattern, placeProps, wrongPlace } from './edits/lines.ts'
import { Label } from './names.ts'

const Props = z.strictObject({
  ...editProps,
  line: z
    .string()
    .regex(/^[^\r\n\0]*$/, 'must be one line')
    .describe('The line as it is to stand there.'),
  match: Pattern.optional().describe(
    'A regular expression: `line` takes the place of the line that it matches; that there are several is an error. When absent: all that it matches go.',
  ),
  ...placeProps,
})
type Want = z.infer<typeof Props>

export const line = defineEdit({
  type: 'line',
  summary: 'One line of a text file. A line that is there already is not moved.',
  example: `line('/etc/modules#br_netfilter', { line: 'br_netfilter' })
line('/etc/login.defs#umask', { line: 'UMASK 027', match: '^UMASK\\\\s' })`,
  name: partName(Label, 'a word for the line, such as /etc/modules#br_netfilter'),
  props: Props,
  problem: (_name, want) => wrongPlace(want),
  // What matches is not ours, but for the line that took its place.
  unwanted: (want) => ({ ...want, ensure: 'absent', match: undefined }),
  edit: (text, _what, want) => editLines(text, (lines) => withLine(lines, want)),
})

function withLine(lines: string[], want: Want) {
  const matches = want.match === undefined ? () => false : matching(want.match)
  const others = lines.flatMap((one, index) => (one !== want.line && matches(one) ? [index] : []))
  if (want.ensure === 'absent') return lines.filter((one, index) => one !== want.line && !others.includes(index))
  const [other] = others
  if (others.length > 1) throw new Error(tooMany(want.match, others))
  const isThere = lines.includes(want.line)
  if (other !== undefined) return lines.toSpliced(other, 1, ...(isThere ? [] : [want.line]))
  return isThere ? lines : insertLines(lines, [want.line], want)
}

function tooMany(match: string | undefined, others: number[]) {
  const numbers = others.map((index) => index + 1).join(', ')
  return `\`match\` ${match} matches several lines (${numbers}). Make it narrower, or remove those that are too many.`
}
