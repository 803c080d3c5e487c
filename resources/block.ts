import { z } from 'zod'
import { BlobRef } from '../protocol/catalog.ts'
import { defineEdit, editProps, partName } from './edits/edit.ts'
import { editLines, insertLines, placeProps, wrongPlace } from './edits/lines.ts'
import { givenJustWhenPresent, Label } from './names.ts'

const Sign = z.string().regex(/^[^\r\n\0]*$/, 'must be one line')

const Props = z.strictObject({
  ...editProps,
  content: BlobRef.optional().describe('The lines of the block: text, a template or a source.'),
  comment: Sign.min(1).default('#').describe('What begins a comment in the file, for the lines that mark the block.'),
  commentEnd: Sign.default('').describe("What ends a comment, where something does: '-->'."),
  ...placeProps,
})
type Want = z.infer<typeof Props>

export const block = defineEdit({
  type: 'block',
  summary: 'Lines of a text file between two lines that mark them. Where the block stands already, it stays.',
  example: "block('/etc/hosts#cluster', { content: template('cluster-hosts.njk', { nodes: ['10.0.0.8 n2'] }) })",
  name: partName(Label, 'a word for the block, such as /etc/hosts#cluster'),
  props: Props,
  blobs: ['content'],
  problem: (_name, want) =>
    givenJustWhenPresent('content', want.ensure, want.content !== undefined) ?? wrongPlace(want),
  edit(text, what, want, host) {
    const content = want.content ? host.readBlob(want.content).toString().replaceAll('\r\n', '\n') : ''
    return editLines(text, (lines) => withBlock(lines, what, content, want))
  },
})

function withBlock(lines: string[], what: string, content: string, want: Want) {
  const begin = marker('begin', what, want)
  const end = marker('end', what, want)
  const inner = content === '' ? [] : content.replace(/\n$/, '').split('\n')
  if (inner.includes(begin) || inner.includes(end)) throw new Error('the content of the block holds its own marks.')
  const marked = want.ensure === 'absent' ? [] : [begin, ...inner, end]
  const from = only(lines, begin)
  const to = only(lines, end)
  if (from < 0 && to < 0) return want.ensure === 'absent' ? lines : insertLines(lines, marked, want)
  if (from < 0 || to < from)
    throw new Error(`of the lines '${begin}' and '${end}' one is missing, or they are the wrong way round. Mend them.`)
  return lines.toSpliced(from, to - from + 1, ...marked)
}

/** `# begin cluster (Trivet)` */
function marker(word: string, what: string, { comment, commentEnd }: Want) {
  return `${comment} ${word} ${what} (Trivet) ${commentEnd}`.trimEnd()
}

function only(lines: string[], mark: string) {
  const at = lines.indexOf(mark)
  if (at === lines.lastIndexOf(mark)) return at
  throw new Error(`the line '${mark}' is there more than once. Remove the blocks that are too many.`)
}
