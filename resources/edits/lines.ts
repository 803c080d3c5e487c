import { z } from 'zod'
import { messageOf } from '../../protocol/errors.ts'

/** A regular expression of JavaScript, looked for within one line. */
export const Pattern = z
  .string()
  .min(1)
  .superRefine((source, context) => {
    try {
      matching(source)
    } catch (error) {
      context.addIssue(messageOf(error))
    }
  })

/** Where something new goes in a file. */
export const placeProps = {
  after: Pattern.optional().describe(
    'A regular expression: what is new goes after the last line that it matches. Without `after` and `before` it goes to the end.',
  ),
  before: Pattern.optional().describe('A regular expression: what is new goes before the first line that it matches.'),
}
interface Place {
  after?: string | undefined
  before?: string | undefined
}

export function wrongPlace({ after, before }: Place) {
  return after !== undefined && before !== undefined
    ? 'has both `after` and `before`. Leave one of them out.'
    : undefined
}

/** A text that is left alone keeps its last line as it is, with or without a line break. */
export function editLines(text: string, edit: (lines: string[]) => string[]) {
  const ended = text === '' || text.endsWith('\n')
  const lines = text === '' ? [] : (ended ? text.slice(0, -1) : text).split('\n')
  const after = edit(lines)
  if (after.length === 0) return ''
  return after.join('\n') + (ended || after.at(-1) !== lines.at(-1) ? '\n' : '')
}

export function insertLines(lines: string[], added: string[], { after, before }: Place) {
  const at = placeIn(lines, { after, before })
  if (at < 0) throw new Error(`no line matches ${after ?? before}, where the new one belongs. Mend the pattern.`)
  return lines.toSpliced(at, 0, ...added)
}

function placeIn(lines: string[], { after, before }: Place) {
  if (before !== undefined) return lines.findIndex(matching(before))
  if (after === undefined) return lines.length
  const last = lines.findLastIndex(matching(after))
  return last < 0 ? last : last + 1
}

export function matching(source: string) {
  const pattern = new RegExp(source)
  return (line: string) => pattern.test(line)
}
