import { closeSync, constants, fchmodSync, fchownSync, fstatSync, fsyncSync, openSync } from 'node:fs'
import { differences } from '../define.ts'
import { faultPoint } from '../fault-points.ts'
import type { Found, Host, ResolvedAccess } from '../host.ts'
import { Mode, Owner } from '../names.ts'
import { isUnknownId } from '../system/accounts-foreseen.ts'

const newModes = { file: '0644', directory: '0755' } as const

/** The props of a thing that say who may do what. */
export function accessProps(kind: keyof typeof newModes) {
  return {
    mode: Mode.optional().describe(
      `Four octal digits. Left out, it is not managed; a new ${kind} gets '${newModes[kind]}'.`,
    ),
    owner: Owner.optional().describe('A user, by name or number. Left out, it is not managed.'),
    group: Owner.optional().describe('A group, by name or number. Left out, it is not managed.'),
  }
}

/** What `accessProps` come to. Undefined is not managed. */
export interface Access {
  mode?: string | undefined
  owner?: string | undefined
  group?: string | undefined
}

/** What differs, in names where there are names. An owner who does not exist yet is a difference. */
export function accessDifferences(found: Found | undefined, want: Access, host: Host) {
  const current = {
    mode: found && octal(found.mode),
    owner: found && shown(want.owner, found.uid, uidOf(want.owner, host), () => nameOf(found.uid, 'uid', host.users())),
    group:
      found && shown(want.group, found.gid, gidOf(want.group, host), () => nameOf(found.gid, 'gid', host.groups())),
  }
  return differences(current, { mode: want.mode, owner: want.owner, group: want.group })
}

function shown(wanted: string | undefined, id: number, wantedId: number | undefined, name: () => string) {
  if (wanted === undefined) return undefined
  return id === wantedId ? wanted : name()
}

function octal(mode: number) {
  return mode.toString(8).padStart(4, '0')
}

export function nameOf<Key extends 'uid' | 'gid'>(id: number, key: Key, accounts: Map<string, Record<Key, number>>) {
  for (const [name, account] of accounts) if (account[key] === id) return name
  return idShown(id)
}

export function idShown(id: number) {
  return isUnknownId(id) ? 'a number that the node chooses' : String(id)
}

function uidOf(owner: string | undefined, host: Host) {
  if (owner === undefined) return undefined
  return /^\d+$/.test(owner) ? Number(owner) : host.users().get(owner)?.uid
}

export function gidOf(group: string | undefined, host: Host) {
  if (group === undefined) return undefined
  return /^\d+$/.test(group) ? Number(group) : host.groups().get(group)?.gid
}

/** Mode and ids to give: what is wanted, else what is there, else `mode` of whoever runs this. */
export function resolveAccess(want: Access, found: Found | undefined, mode: number, host: Host): ResolvedAccess {
  const uid = uidOf(want.owner, host)
  const gid = gidOf(want.group, host)
  if (want.owner !== undefined && uid === undefined) throw new Error(missing('user', want.owner))
  if (want.group !== undefined && gid === undefined) throw new Error(missing('group', want.group))
  return {
    mode: want.mode === undefined ? (found ? found.mode : mode) : Number.parseInt(want.mode, 8),
    uid: uid ?? found?.uid ?? -1,
    gid: gid ?? found?.gid ?? -1,
  }
}

function missing(type: 'user' | 'group', name: string) {
  return `There is no ${type} ${name} on this node. Declare ${type}[${name}], or the pkg that brings it, before this resource.`
}

/** Owner first: giving a file away takes its setuid bits. -1 leaves an id as it is. */
export function setAccess(fd: number, { mode, uid, gid }: ResolvedAccess) {
  fchownSync(fd, uid, gid)
  faultPoint('access.owned')
  fchmodSync(fd, mode)
}

/** The same for what is already there; a link in its place is not followed. At no moment is it more open than it was or is to be. */
export function setAccessOf(path: string, access: ResolvedAccess) {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    narrow(fd, access)
    setAccess(fd, access)
    faultPoint('access.set')
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

// The new group may not do for a moment what only the old one was to.
function narrow(fd: number, { mode, uid, gid }: ResolvedAccess) {
  const found = fstatSync(fd)
  const stays = (uid === -1 || uid === found.uid) && (gid === -1 || gid === found.gid)
  if (stays || (found.mode & 0o7777 & ~mode) === 0) return
  fchmodSync(fd, found.mode & mode & 0o777)
  faultPoint('access.narrowed')
}
