import { z } from 'zod'
import { sha256 } from '../../protocol/catalog.ts'
import { messageOf } from '../../protocol/errors.ts'
import type { Change } from '../../protocol/events.ts'
import { defineResource, differences, type ResourceType } from '../define.ts'
import { diffOf } from '../files/diff.ts'
import type { Found, Host } from '../host.ts'
import { Mode, Owner, Path } from '../names.ts'
import { type Access, accessDifferences, resolveAccess } from '../files/ownership.ts'

/** A larger file is no configuration, and goes through memory. */
const largest = 16 * 1024 * 1024

type Ensure = 'present' | 'absent'

/** What is wanted of one file, by its text. */
export interface Edit {
  path: string
  /** A part that is to be in the file or not; or all that is to be in it; null: no file. */
  text: Part | string | null
  /** Who may do what, also with a file that is there already. */
  access?: Access
  /** Of a file that is made: one that is there keeps what it has. */
  made?: Access & { create?: boolean }
}

interface Part {
  ensure: Ensure
  /**
   * The text with the part in it, or without, from the text that is there: '' where no file is. What has none of it is left as it is.
   * Line breaks are `\n` to it, whatever the file has.
   */
  edit: (before: string, ensure: Ensure) => string | Promise<string>
}

/** The props of every type that edits a part of a file. */
export const editProps = {
  ensure: z.enum(['present', 'absent']).default('present').describe('Whether it is to be in the file.'),
  create: z
    .boolean()
    .default(true)
    .describe(
      'Whether a missing file is made; otherwise it is an error. A link in its place always is: the file that it leads to is to be named.',
    ),
  mode: Mode.optional().describe("Of a file that is made, '0644' where left out. One that is there keeps its own."),
  owner: Owner.optional().describe('Of a file that is made, root where left out. One that is there keeps its own.'),
  group: Owner.optional().describe('Of a file that is made, root where left out. One that is there keeps its own.'),
}
type EditWant = z.infer<z.ZodObject<typeof editProps>>

interface EditType<Props extends z.ZodType> extends Pick<
  ResourceType<Props>,
  'type' | 'summary' | 'example' | 'props' | 'blobs' | 'problem' | 'unwanted'
> {
  name: z.ZodType<string>
  /** The file's text with what is wanted in it, or without it. Throws in words, which need not name the file. */
  edit: (text: string, what: string, want: z.infer<Props>, host: Host) => string | Promise<string>
  /** For what is in one file alone, the name is no path. */
  path?: string
}

/** A type that edits a part of a file, and is named `PATH#WHAT`. */
export function defineEdit<Props extends z.ZodType<EditWant>>({ edit, path, ...type }: EditType<Props>) {
  const partOf = (name: string) => (path === undefined ? splitName(name) : { path, what: name })
  const editOf = (name: string, want: z.infer<Props>, host: Host): Edit => {
    const part = partOf(name)
    const text: Part = {
      ensure: want.ensure,
      edit: (before, ensure) => edit(before, part.what, { ...want, ensure }, host),
    }
    return { path: part.path, text, made: want }
  }
  return defineResource<Props>({
    ...type,
    edits: (name) => partOf(name).path,
    paths: (name) => [partOf(name).path],
    check: (name, want, host) => checkEdit(editOf(name, want, host), host),
    apply: (name, want, host, changes) => applyEdit(editOf(name, want, host), host, changes),
  })
}

/** `PATH#WHAT`, where `says` is WHAT in words. */
export function partName(what: z.ZodType<string>, says: string) {
  return z.string().refine((name) => {
    const part = splitName(name)
    return name.includes('#') && Path.safeParse(part.path).success && what.safeParse(part.what).success
  }, `must be an absolute path, # and ${says}`)
}

function splitName(name: string) {
  const [path = ''] = name.split('#', 1)
  return { path, what: name.slice(path.length + 1) }
}

export async function checkEdit(edit: Edit, host: Host): Promise<Change[]> {
  const { found, before, after, there } = await candidateOf(edit, host)
  const access = edit.access && after ? accessDifferences(found, edit.access, host) : []
  if (isSame(before, after)) return access
  const ensure = differences({ ensure: there }, { ensure: after === null || isUnwanted(edit) ? 'absent' : 'present' })
  if (after === null) return ensure
  const content = { what: 'content', from: before && sha256(before), to: sha256(after) }
  return [...ensure, { ...content, diff: await diffOf(before, after, edit.path) }, ...access]
}

function isUnwanted({ text }: Edit) {
  return typeof text === 'object' && text?.ensure === 'absent'
}

function isSame(before: Buffer | null, after: Buffer | null) {
  return before === null || after === null ? before === after : before.equals(after)
}

/** `accept` may refuse the new file before it goes live, by throwing. */
export async function applyEdit(
  edit: Edit,
  host: Host,
  changes: Change[],
  accept?: (candidate: string) => Promise<void>,
) {
  const { path, access, made = {} } = edit
  const { found, before, after } = await candidateOf(edit, host)
  if (before === null && after === null) return
  const change = changes.find(({ what }) => what === 'content') ?? changes.find(({ to }) => to === 'absent')
  if (before && change) change.kept = host.keep(before)
  if (after === null) return host.files.remove(path)
  if (!found && made.create === false)
    throw new Error(`${path} does not exist, and \`create\` is false. Declare what brings it before this resource.`)
  const resolved = access
    ? resolveAccess(access, found, 0o644, host)
    : (found ?? resolveAccess(made, undefined, 0o644, host))
  if (before?.equals(after)) return host.files.setAccess(path, resolved)
  await host.files.write(path, after, resolved, accept)
}

interface Candidate {
  found: Found | undefined
  before: Buffer | null
  after: Buffer | null
  /** Of the part, where one is wanted, otherwise of the file. */
  there: Ensure
}

async function candidateOf({ path, text }: Edit, host: Host): Promise<Candidate> {
  const found = host.files.stat(path)
  if (found) requireFile(path, found, host)
  const before = found ? host.files.read(path) : null
  const there = found ? 'present' : 'absent'
  if (text === null) return { found, before, after: null, there }
  if (typeof text === 'string') return { found, before, after: Buffer.from(text), there }
  try {
    return { found, before, ...(await withPart(before, text)) }
  } catch (error) {
    throw new Error(`${path}: ${messageOf(error)}`, { cause: error })
  }
}

async function withPart(before: Buffer | null, { ensure, edit }: Part) {
  const bytes = before ?? Buffer.alloc(0)
  const after = await edited(bytes, (text) => edit(text, ensure))
  if (after.equals(bytes)) return { after: before, there: ensure }
  const without = await edited(bytes, (text) => edit(text, 'absent'))
  return { after, there: without.equals(bytes) ? ('absent' as const) : ('present' as const) }
}

// One file has one name, so that two resources that want to have it collide; and whoever owns a link's directory could lead us anywhere.
function requireFile(path: string, { kind, size }: Found, { files }: Host) {
  if (kind === 'link')
    throw new Error(`${path} is a link to ${files.readLink(path)}, which is not followed. Name the file it leads to.`)
  if (kind !== 'file')
    throw new Error(`${path} is a ${kind}, no file that could be edited. Remove it, or name another.`)
  if (size > largest) throw new Error(`${path} has ${size} bytes; what is edited may have ${largest} at most.`)
}

/** A byte order mark and the kind of line breaks stay as they are. */
async function edited(bytes: Buffer, edit: (before: string) => string | Promise<string>) {
  const whole = decoded(bytes)
  const mark = whole.startsWith('\uFEFF') ? '\uFEFF' : ''
  const before = whole.slice(mark.length)
  const crlf = before.includes('\r\n')
  if (crlf && /(?<!\r)\n/.test(before))
    throw new Error('some of its lines end in CR LF and some in LF. Make them all of one kind, then it can be edited.')
  const after = await edit(crlf ? before.replaceAll('\r\n', '\n') : before)
  return Buffer.from(mark + (crlf ? after.replaceAll('\n', '\r\n') : after))
}

function decoded(bytes: Buffer) {
  if (bytes.includes(0)) throw new Error('it is no text, since it holds NUL bytes, and cannot be edited.')
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (error) {
    throw new Error('it is no text in UTF-8. Convert it, for example by iconv, then it can be edited.', {
      cause: error,
    })
  }
}
