import { z } from 'zod'
import type { Change } from '../protocol/events.ts'
import { defineResource, differences } from './define.ts'
import { applyEdit, checkEdit, type Edit } from './edits/edit.ts'
import type { Host, User } from './host.ts'
import { editLines } from './edits/lines.ts'
import { AccountName, Label } from './names.ts'
import { accessDifferences, nameOf, resolveAccess } from './files/ownership.ts'

const Name = z.string().refine((name) => {
  const { user, comment } = split(name)
  return AccountName.safeParse(user).success && Label.safeParse(comment).success && comment.trim() === comment
}, 'must be USER#COMMENT, such as deploy#alice@laptop')

const Props = z.strictObject({
  ensure: z.enum(['present', 'absent']).default('present').describe('Whether the user may log in with the key.'),
  key: z
    .string()
    .refine(isKey, 'must be the type and the key as in a .pub file, without the comment: ssh-ed25519 AAAA…')
    .optional()
    .describe('Type and key, as in the .pub file. The comment is that of the name.'),
  options: z
    .array(z.string().regex(/^[A-Za-z0-9-]+(="([^"\\\r\n]|\\.)*")?$/, 'must be like no-pty or from="10.0.0.0/8"'))
    .default([])
    .describe('What is allowed with it, as sshd(8) has it: `restrict`, `from="10.0.0.0/8"`.'),
})
type Want = z.infer<typeof Props>

export const sshAuthorizedKey = defineResource({
  type: 'ssh_authorized_key',
  summary:
    'A key with which a user may log in, in ~/.ssh/authorized_keys. Lines with the same comment or the same key give way to it.',
  example: `ssh_authorized_key('root#alice@laptop', {
  key: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f',
  options: ['from="10.0.0.0/8"', 'no-port-forwarding'],
})`,
  name: Name,
  props: Props,
  problem: (_name, { ensure, key }) =>
    ensure === 'absent' || key !== undefined ? undefined : 'needs a key when it is present.',

  async check(name, want, host) {
    const account = accountOf(name, host)
    if (!account) return want.ensure === 'absent' ? [] : differences({ ensure: 'absent' }, { ensure: 'present' })
    return [
      ...folderDifferences(name, account, want, host),
      ...(await checkEdit(editOf(name, account, want, host), host)),
    ]
  },

  async apply(name, want, host, changes) {
    const account = accountOf(name, host)
    const { user } = split(name)
    if (!account) throw new Error(`There is no user ${user} on this node. Declare user[${user}] before this resource.`)
    if (want.ensure === 'present') mendFolder(user, account, host)
    await applyEdit(editOf(name, account, want, host), host, changes)
  },
})

function split(name: string) {
  const at = name.indexOf('#')
  return { user: name.slice(0, Math.max(at, 0)), comment: name.slice(at + 1) }
}

/** The bytes of the key begin with its type once more. */
function isKey(key: string) {
  const [, type = '', base64 = ''] = /^([a-z0-9@.-]+) ([A-Za-z0-9+/]+={0,2})$/.exec(key) ?? []
  const bytes = Buffer.from(base64, 'base64')
  return type !== '' && bytes.length > 4 + type.length && bytes.toString('latin1', 4, 4 + bytes.readUInt32BE()) === type
}

function accountOf(name: string, host: Host) {
  return host.users().get(split(name).user)
}

function folderOf({ home }: User) {
  return `${home}/.ssh`
}

// Whom sshd may take for somebody else, it does not let in: a key in a file or folder that others can write does not count.
function accessOf(user: string, { gid }: User, mode: string, host: Host) {
  return { mode, owner: user, group: nameOf(gid, 'gid', host.groups()) }
}

function editOf(name: string, account: User, want: Want, host: Host): Edit {
  const { user, comment } = split(name)
  return {
    path: `${folderOf(account)}/authorized_keys`,
    text: {
      ensure: want.ensure,
      edit: (before, ensure) => editLines(before, (lines) => withKey(lines, comment, { ...want, ensure })),
    },
    ...(want.ensure === 'present' ? { access: accessOf(user, account, '0600', host) } : {}),
  }
}

function folderDifferences(name: string, account: User, { ensure }: Want, host: Host): Change[] {
  const folder = folderOf(account)
  const found = host.files.stat(folder)
  if (found && found.kind !== 'directory')
    throw new Error(`${folder} is a ${found.kind}, which is not followed. Remove it, so that a directory can be made.`)
  if (ensure === 'absent') return []
  const changes = accessDifferences(found, accessOf(split(name).user, account, '0700', host), host)
  return changes.map((change) => ({ ...change, what: `${folder} ${change.what}` }))
}

function mendFolder(user: string, account: User, host: Host) {
  const folder = folderOf(account)
  const found = host.files.stat(folder)
  const access = resolveAccess(accessOf(user, account, '0700', host), found, 0o700, host)
  if (found) return host.files.setAccess(folder, access)
  if (host.files.stat(account.home)) return host.files.makeDirectory(folder, access)
  throw new Error(`${account.home}, the home of ${user}, does not exist. Give user[${user}] \`createHome: true\`.`)
}

function withKey(lines: string[], comment: string, { ensure, key, options }: Want) {
  const isMine = (line: string) => {
    const read = readLine(line)
    return read !== undefined && (read.comment === comment || read.key === key)
  }
  const [first = lines.length] = lines.flatMap((line, index) => (isMine(line) ? [index] : []))
  const others = lines.filter((line) => !isMine(line))
  if (ensure === 'absent') return others
  return others.toSpliced(first, 0, [...(options.length > 0 ? [options.join(',')] : []), key, comment].join(' '))
}

/** As sshd(8) has it: options, where there are any, then type, key and comment. */
function readLine(line: string) {
  const pattern =
    /^\s*(?:(?:[^\s"#]|"(?:[^"\\]|\\.)*")+\s+)?((?:ssh|ecdsa|sk)-\S+)\s+([A-Za-z0-9+/=]+)(?:\s+(.*?))?\s*$/
  const [matched, type, base64, comment = ''] = pattern.exec(line) ?? []
  return matched === undefined ? undefined : { key: `${type} ${base64}`, comment }
}
