import { gidOf } from '../files/ownership.ts'
import type { Foreseen, User } from '../host.ts'
import {
  assertFree,
  foreseeMember,
  foreseeNewHome,
  foreseeNewUser,
  foreseeUserGone,
  type Ids,
} from './accounts-foreseen.ts'

/** What a recipe says of a user. */
export interface UserWant {
  ensure: 'present' | 'absent'
  uid?: number | undefined
  group?: string | undefined
  groups: string[]
  home?: string | undefined
  createHome: boolean
  shell?: string | undefined
  comment?: string | undefined
}

/** What useradd, usermod and userdel will have done, or refuse. */
export function foreseeUser(name: string, want: UserWant, foreseen: Foreseen) {
  if (want.ensure === 'absent') return foreseeUserGone(name, foreseen)
  const found = foreseen.users().get(name)
  const main = want.group ?? (!found && foreseen.groups().has(name) ? name : undefined)
  const gid = main === undefined ? found?.gid : gidOf(main, foreseen)
  if (main !== undefined && gid === undefined) throw new Error(noGroup(name, main))
  for (const one of want.groups) if (!foreseen.groups().has(one)) throw new Error(noGroup(name, one))
  const { comment = '', home = `/home/${name}`, shell = '/bin/sh' } = { ...found, ...defined(want) }
  const user = { comment, home, shell, uid: want.uid, gid }
  const made = found ? changed(name, found, user, foreseen) : foreseeNewUser(name, user, foreseen)
  for (const one of want.groups) foreseeMember(name, one, foreseen)
  if (!want.createHome || foreseen.files.stat(home)) return
  if (found) foreseen.files.makeDirectory(home, { ...made, mode: 0o700 })
  else foreseeNewHome(home, made, foreseen)
}

function noGroup(name: string, group: string) {
  return `There is no group ${group} on this node. Declare group[${group}] before user[${name}].`
}

// usermod gives the new numbers also to what the user has in its home.
function changed(
  name: string,
  found: User,
  { uid = found.uid, gid = found.gid, ...rest }: Omit<User, 'uid' | 'gid'> & Ids,
  foreseen: Foreseen,
) {
  if (uid !== found.uid) assertFree('UID', uid, foreseen.users())
  const user = { ...rest, uid, gid }
  foreseen.users().set(name, user)
  if (uid !== found.uid || gid !== found.gid)
    foreseen.doubt([found.home], [], `usermod gives user[${name}] what is its own in ${found.home}`)
  return user
}

function defined({ comment, home, shell }: UserWant) {
  return Object.fromEntries(Object.entries({ comment, home, shell }).filter(([, value]) => value !== undefined))
}
