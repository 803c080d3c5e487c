import { newId } from '../secrets.ts'
import type { User, UserWrite } from '../store/who.ts'
import type { ApiParts, Handlers } from './call.ts'
import { ApiFault } from './fault.ts'
import { unknown } from './find.ts'
import { pageAmong } from './pages.ts'

type UserCalls = 'createUser' | 'listUsers' | 'readUser' | 'changeUser' | 'deleteUser'

export function userHandlers(parts: ApiParts): Pick<Handlers, UserCalls> {
  const { store } = parts
  return {
    async createUser({ login = null, ...given }, { by }) {
      const user = { id: newId(), ...given, login, author: by.author, createdAt: by.at, disabledAt: null }
      if (!(await store.createUser(user, by))) throw taken(given.name, login)
      return viewOf(user)
    },
    listUsers: async (page) => pageAmong((await store.listUsers()).map(viewOf), page, ({ name }) => [name]),
    readUser: async ({ user }) => viewOf(await findUser(parts, user)),
    async changeUser({ user: name, disabled, ...change }, { by }) {
      const user = await findUser(parts, name)
      const disabledAt = disabled === undefined ? user.disabledAt : disabled ? (user.disabledAt ?? by.at) : null
      const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined))
      refuse(await store.changeUser(user.id, { ...given, disabledAt }, by), user, change.login)
      return viewOf(await findUser(parts, name))
    },
    async deleteUser({ user: name }, { by }) {
      const user = await findUser(parts, name)
      refuse(await store.deleteUser(user.id, by), user)
      return { name }
    },
  }
}

export async function findUser({ store }: Pick<ApiParts, 'store'>, name: string) {
  const user = await store.findUser(name)
  if (user) return user
  const known = await store.listUsers()
  throw unknown(
    'user',
    name,
    known.map((other) => other.name),
  )
}

function viewOf({ id: _id, ...user }: User) {
  return user
}

function refuse(result: UserWrite, { name }: User, login: string | null = null) {
  if (result === 'taken') throw taken(name, login)
  if (result === 'unknown') throw unknown('user', name, [])
  if (result === 'last-admin')
    throw new ApiFault(
      'last-admin',
      `${name} is the last admin of all clusters. Make another one first, or nobody could ever do so.`,
    )
}

function taken(name: string, login: string | null) {
  const or = login === null ? '' : `, or another user has the login ${login}`
  return new ApiFault('user-exists', `There is a user ${name} already${or}. trivet user list shows all.`)
}
