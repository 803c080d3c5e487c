import type { Database } from 'better-sqlite3'
import type { Access, Clusters } from '../../../protocol/views.ts'
import type { By, User, UserChange, UserWrite, WhoStore } from '../who.ts'
import { fromJson } from './json.ts'
import type { WhoParts } from './who.ts'

export interface UserRow {
  id: string
  name: string
  access: Access
  clusters: string
  login: string | null
  author: string
  created_at: number
  disabled_at: number | null
}

export function userOf({ clusters, created_at, disabled_at, ...row }: UserRow): User {
  return { ...row, clusters: fromJson<Clusters>(clusters), createdAt: created_at, disabledAt: disabled_at }
}

/** What the audit says of a user. */
function toldOf({ access, clusters, login, disabledAt }: User) {
  return { access, clusters, login, disabledAt }
}

type Users = Pick<WhoStore, 'createUser' | 'findUser' | 'findUserByLogin' | 'listUsers' | 'countUsers'>

export function createUsers({ database, write, audit }: WhoParts): Users {
  const insert = database.prepare(
    `insert into users (id, name, access, clusters, login, author, created_at, disabled_at)
     values (:id, :name, :access, :clusters, :login, :author, :createdAt, :disabledAt) on conflict do nothing`,
  )
  const byName = database.prepare<[string], UserRow>('select * from users where name = ?')
  const byLogin = database.prepare<[string], UserRow>('select * from users where login = ?')
  const all = database.prepare<[], UserRow>('select * from users order by name')
  const count = database.prepare<[], { n: number }>('select count(*) as n from users')
  const found = (row: UserRow | undefined) => row && userOf(row)
  return {
    createUser: (user, by) =>
      write(() => {
        if (insert.run({ ...user, clusters: JSON.stringify(user.clusters) }).changes === 0) return false
        audit(by, { action: 'create-user', subject: user.name, after: toldOf(user) })
        return true
      }),
    findUser: async (name) => found(byName.get(name)),
    findUserByLogin: async (login) => found(byLogin.get(login)),
    listUsers: async () => all.all().map(userOf),
    countUsers: async () => count.get()?.n ?? 0,
  }
}

/** Whoever writes here can't take away the last one who may do everything; that is looked at in the write's transaction. */
export function createUserWrites(parts: WhoParts): Pick<WhoStore, 'changeUser' | 'deleteUser'> {
  const { database, write } = parts
  const byId = database.prepare<[string], UserRow>('select * from users where id = ?')
  const [change, forget] = [changing(parts), forgetting(parts)]
  return {
    changeUser: (id, to, by) =>
      write(() => {
        const row = byId.get(id)
        return row ? change(userOf(row), to, by) : 'unknown'
      }),
    deleteUser: (id, by) =>
      write(() => {
        const row = byId.get(id)
        return row ? forget(userOf(row), by) : 'unknown'
      }),
  }
}

function changing({ database, audit }: WhoParts) {
  const isTaken = database.prepare('select 1 from users where login = ? and id <> ?')
  const isLastAdmin = lastAdminCheck(database)
  const update = database.prepare(
    `update users set access = :access, clusters = :clusters, login = :login, disabled_at = :disabledAt where id = :id`,
  )
  const endSessions = database.prepare('delete from sessions where user = ?')
  return (user: User, to: UserChange, by: By): UserWrite => {
    const after = { ...user, ...to }
    if (after.login !== null && isTaken.get(after.login, user.id)) return 'taken'
    if (isLastAdmin(user) && !rulesAll(after)) return 'last-admin'
    if (JSON.stringify(toldOf(after)) === JSON.stringify(toldOf(user))) return 'done'
    const { id, access, login, disabledAt } = after
    update.run({ id, access, login, disabledAt, clusters: JSON.stringify(after.clusters) })
    if (disabledAt !== null) endSessions.run(id)
    audit(by, { action: 'change-user', subject: user.name, before: toldOf(user), after: toldOf(after) })
    return 'done'
  }
}

function forgetting({ database, audit }: WhoParts) {
  const isLastAdmin = lastAdminCheck(database)
  const remove = database.prepare('delete from users where id = ?')
  return (user: User, by: By): UserWrite => {
    if (isLastAdmin(user)) return 'last-admin'
    remove.run(user.id)
    audit(by, { action: 'delete-user', subject: user.name, before: toldOf(user) })
    return 'done'
  }
}

function lastAdminCheck(database: Database) {
  const others = database.prepare(
    `select 1 from users where id <> ? and access = 'admin' and clusters = '"all"' and disabled_at is null`,
  )
  return (user: User) => rulesAll(user) && !others.get(user.id)
}

function rulesAll({ access, clusters, disabledAt }: User) {
  return access === 'admin' && clusters === 'all' && disabledAt === null
}
