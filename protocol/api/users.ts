import { z } from 'zod'
import { UserName } from '../name.ts'
import { Access, Clusters } from '../views.ts'
import { endpoint } from './endpoint.ts'
import { pageInput, pageOf } from './page.ts'

/** What the identity provider calls the user, for signing in by it. */
const login = z.string().trim().min(1).max(255)
/** As given: limited to none is a mistake. */
export const SomeClusters = Clusters.refine(({ length }) => length > 0, 'name one, or all')
const user = z.strictObject({ user: UserName })

export const UserView = z.object({
  name: z.string(),
  access: Access,
  clusters: Clusters,
  login: z.string().nullable(),
  author: z.string(),
  createdAt: z.int(),
  /** Since when the user is refused. */
  disabledAt: z.int().nullable(),
})
export type UserView = z.infer<typeof UserView>

export const usersApi = {
  createUser: endpoint({
    method: 'POST',
    path: '/api/users',
    access: 'admin',
    summary: 'Make a user, for whom API tokens can be made then.',
    input: z.strictObject({ name: UserName, access: Access, clusters: SomeClusters, login: login.optional() }),
    output: UserView,
  }),
  listUsers: endpoint({
    method: 'GET',
    path: '/api/users',
    access: 'admin',
    summary: 'All users, by name.',
    input: z.strictObject(pageInput(['name', '-name'])),
    output: pageOf(UserView),
  }),
  readUser: endpoint({
    method: 'GET',
    path: '/api/users/:user',
    access: 'admin',
    summary: 'One user.',
    input: user,
    output: UserView,
  }),
  changeUser: endpoint({
    method: 'PUT',
    path: '/api/users/:user',
    access: 'admin',
    summary: 'Change what a user may do, and where; what is not given stays. It holds from the next call on.',
    input: user.extend({
      access: Access.optional(),
      clusters: SomeClusters.optional(),
      login: login.nullable().optional(),
      disabled: z.boolean().optional(),
    }),
    output: UserView,
  }),
  deleteUser: endpoint({
    method: 'DELETE',
    path: '/api/users/:user',
    access: 'admin',
    summary: 'Forget a user; the API tokens and sessions of the user are worthless at once.',
    input: user,
    output: z.object({ name: z.string() }),
  }),
}
