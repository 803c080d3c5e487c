import { z } from 'zod'
import { defineEdit, editProps, partName } from './edits/edit.ts'
import { editLines } from './edits/lines.ts'
import { givenJustWhenPresent, Label } from './names.ts'

const Key = z.string().regex(/^[^\s=:#;[\]/]([^=:\r\n[\]/]*[^\s=:[\]/])?$/)
const What = z.string().refine((what) => {
  const { section, key } = split(what)
  return what.includes('/') && (section === '' || Label.safeParse(section).success) && Key.safeParse(key).success
})

const Props = z.strictObject({
  ...editProps,
  value: z
    .union([
      z.string().regex(/^(\S|\S.*\S)?$/, 'must be one line, and neither begin nor end with a blank'),
      z.number(),
      z.boolean(),
    ])
    .optional()
    .describe('What the key is set to. A comment behind a value is part of it.'),
  separator: z
    .string()
    .regex(/^[ \t]*[=:][ \t]*$/, 'must be = or :, with blanks around it or not')
    .optional()
    .describe("What stands between a new key and its value. Left out, as elsewhere in the file, or ' = '."),
})
type Want = z.infer<typeof Props>

export const ini = defineEdit({
  type: 'ini',
  summary: 'One key of a file with sections. Comments and layout stay.',
  example: "ini('/etc/systemd/journald.conf#Journal/SystemMaxUse', { value: '200M' })",
  name: partName(What, 'SECTION/KEY, such as /etc/php.ini#PHP/memory_limit; before all sections, /KEY'),
  props: Props,
  problem: (_name, { ensure, value }) => givenJustWhenPresent('a value', ensure, value !== undefined),
  edit: (text, what, want) => editLines(text, (lines) => withKey(lines, split(what), want)),
})

function split(what: string) {
  const at = what.lastIndexOf('/')
  return { section: what.slice(0, at), key: what.slice(at + 1) }
}

interface Line {
  section: string
  /** Not of blank lines and comments. */
  says: boolean
  indent: string
  key: string | undefined
  separator: string
  value: string
}

function withKey(lines: string[], { section, key }: { section: string; key: string }, want: Want) {
  const read = readLines(lines)
  const found = read.filter((line) => line.section === section && line.key === key)
  const [first] = found
  if (!first) return want.ensure === 'absent' ? lines : withNewKey(lines, read, section, key, want)
  if (want.ensure === 'present' && found.length > 1)
    throw new Error(`${key} is there ${found.length} times in section '${section}'. Leave one of them.`)
  if (want.ensure === 'present' && first.value === String(want.value)) return lines
  if (found.some((line) => goesOn(line, read[read.indexOf(line) + 1])))
    throw new Error(`the value of ${key} goes over several lines, which are not understood. Make it one line.`)
  const { indent, separator } = first
  const set = want.ensure === 'present' ? [written(key, { indent, separator }, want)] : []
  return read.flatMap((line, index) => (found.includes(line) ? set : lines.slice(index, index + 1)))
}

// As Python's configparser, or with a backslash; a line with a key of its own is none that goes on, as git indents them all.
function goesOn({ value }: Line, next: Line | undefined) {
  return value.endsWith('\\') || (next?.says === true && next.key === undefined && next.indent !== '')
}

function withNewKey(lines: string[], read: Line[], section: string, key: string, want: Want) {
  const last = read.findLastIndex((line) => line.section === section && line.says)
  const like = read.findLast((line) => line.section === section && line.value) ?? read.find((line) => line.value)
  const separator = want.separator ?? like?.separator ?? ' = '
  const line = written(key, { indent: like?.section === section ? like.indent : '', separator }, want)
  if (last >= 0) return lines.toSpliced(last + 1, 0, line)
  if (section === '') return lines.toSpliced(beforeSections(lines, read), 0, line)
  return [...lines, ...(lines.at(-1)?.trim() ? [''] : []), `[${section}]`, line]
}

// A comment right above a section belongs to it.
function beforeSections(lines: string[], read: Line[]) {
  const first = read.findIndex(({ section }) => section !== '')
  return first < 0 ? lines.length : lines.slice(0, first).findLastIndex((line) => !/^\s*[#;]/.test(line)) + 1
}

function written(key: string, { indent, separator }: Pick<Line, 'indent' | 'separator'>, { value }: Want) {
  return `${indent}${key}${separator}${String(value)}`.trimEnd()
}

function readLines(lines: string[]): Line[] {
  let section = ''
  return lines.map((line) => {
    const [, header] = /^\s*\[([^\]]*)\]/.exec(line) ?? []
    if (header !== undefined) section = header.trim()
    const [, indent = '', rest = ''] = /^(\s*)(.*)$/.exec(line) ?? []
    const says = rest !== '' && !/^[#;]/.test(rest)
    const isKey = says && header === undefined
    const [, key, separator = '', value = ''] = (isKey && /^([^=:]*?)(\s*[=:]\s*)(.*?)\s*$/.exec(rest)) || []
    return { section, says, indent, key, separator, value }
  })
}
