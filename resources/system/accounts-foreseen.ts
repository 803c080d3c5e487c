import { type Foreseen, type Group, type User, Unforeseeable } from '../host.ts'

/** Above it are numbers that no account has (that of `nobody` in 32 bits, and one for no change, are higher still). */
const firstUnknown = 2 ** 32 - 1000
const lastUnknown = 2 ** 32 - 3
/** From which a node chooses, as Debian sets it in /etc/login.defs. */
const chosen = { from: 100, to: 60_000 }

/** Stands in a plan for the number that the node will choose: one that no other account has. */
export function unknownId(accounts: Accounts) {
  const taken = idsOf(accounts)
  let id = lastUnknown
  while (taken.includes(id)) id--
  return id
}

export function isUnknownId(id: number) {
  return id >= firstUnknown && id <= lastUnknown
}

/** Undefined where the node chooses. */
export interface Ids {
  uid: number | undefined
  gid: number | undefined
}

type Accounts = Map<string, { uid: number }> | Map<string, { gid: number }>

function idsOf(accounts: Accounts) {
  return [...accounts.values()].map((account) => ('uid' in account ? account.uid : account.gid))
}

/** Throws where this number is another's already, or may be. */
export function assertFree(what: 'UID' | 'GID', id: number | undefined, accounts: Accounts) {
  if (id === undefined) return
  const taken = idsOf(accounts)
  if (taken.includes(id)) throw new Error(`${what} ${id} is taken on this node. Give another number.`)
  if (taken.some(isUnknownId) && id >= chosen.from && id < chosen.to)
    throw new Unforeseeable(`the node may choose ${id} for an account that is made before`)
}

/** useradd as a plan foresees it, with the group of its own that it makes. */
export function foreseeNewUser(
  name: string,
  { uid, gid, ...rest }: Omit<User, 'uid' | 'gid'> & Ids,
  foreseen: Foreseen,
) {
  const users = foreseen.users()
  const groups = foreseen.groups()
  assertFree('UID', uid, users)
  const user = { uid: uid ?? unknownId(users), gid: gid ?? ownGid(uid, foreseen), ...rest }
  if (gid === undefined) groups.set(name, { gid: user.gid, members: [] })
  users.set(name, user)
  return user
}

// That of the user, where no group has it.
function ownGid(uid: number | undefined, foreseen: Foreseen) {
  const groups = foreseen.groups()
  return uid === undefined || idsOf(groups).includes(uid) ? unknownId(groups) : uid
}

export function foreseeMember(name: string, group: string, foreseen: Foreseen) {
  const found = foreseen.groups().get(group)
  if (!found) throw new Error(`There is no group ${group} on this node. Declare group[${group}] before user[${name}].`)
  if (!found.members.includes(name)) foreseen.groups().set(group, { ...found, members: [...found.members, name] })
}

/** userdel: the user leaves all groups, and its own goes with it where nobody else is in it. */
export function foreseeUserGone(name: string, foreseen: Foreseen) {
  const users = foreseen.users()
  const groups = foreseen.groups()
  const user = users.get(name)
  users.delete(name)
  for (const [group, { gid, members }] of groups)
    if (members.includes(name)) groups.set(group, { gid, members: members.filter((one) => one !== name) })
  const own = groups.get(name)
  if (own && own.gid === user?.gid && own.members.length === 0 && !mainOf(own, foreseen)) groups.delete(name)
}

export function foreseeGroupGone(name: string, foreseen: Foreseen) {
  const found = foreseen.groups().get(name)
  const user = found && mainOf(found, foreseen)
  if (user !== undefined)
    throw new Error(
      `${name} is the main group of user ${user}, so it cannot be removed. Remove or change that user first.`,
    )
  foreseen.groups().delete(name)
}

/** groupmod gives those whose main group it is the new number too. */
export function foreseeGid(name: string, found: Group, gid: number, foreseen: Foreseen) {
  assertFree('GID', gid, foreseen.groups())
  for (const [user, account] of foreseen.users())
    if (account.gid === found.gid) foreseen.users().set(user, { ...account, gid })
  foreseen.groups().set(name, { ...found, gid })
}

export function foreseeMembers(name: string, members: string[], foreseen: Foreseen) {
  const missing = members.find((one) => !foreseen.users().has(one))
  if (missing !== undefined)
    throw new Error(`There is no user ${missing} on this node. Declare user[${missing}] before group[${name}].`)
  const gid = foreseen.groups().get(name)?.gid ?? unknownId(foreseen.groups())
  foreseen.groups().set(name, { gid, members })
}

function mainOf({ gid }: Group, foreseen: Foreseen) {
  return [...foreseen.users()].find(([, user]) => user.gid === gid)?.[0]
}

/** The home that useradd makes, with what it finds in /etc/skel. */
export function foreseeNewHome(home: string, { uid, gid }: User, foreseen: Foreseen) {
  const { files } = foreseen
  if (files.stat(home)) return
  foreseen.foresee(home, { kind: 'directory', mode: 0o700, uid, gid })
  const skeleton = '/etc/skel'
  if (files.stat(skeleton)?.kind !== 'directory') return
  for (const entry of files.list(skeleton)) {
    const found = files.stat(`${skeleton}/${entry}`)
    if (found?.kind === 'file')
      foreseen.foresee(`${home}/${entry}`, { ...found, uid, gid, bytes: files.read(`${skeleton}/${entry}`) })
  }
}
