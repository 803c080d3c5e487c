import { z } from 'zod'
import { api } from '../../protocol/api.ts'
import type { UserView } from '../../protocol/api/users.ts'
import { Name, UserName } from '../../protocol/name.ts'
import { Access, type Clusters } from '../../protocol/views.ts'
import { type Command, UsageError } from '../command.ts'
import type { Context } from '../context.ts'
import { listFlags, listOptions, listUsage, printList } from '../list.ts'
import { command, json, jsonFlag } from '../options.ts'
import { relative } from '../time.ts'

const oneUser = z.tuple([UserName])

const create = command({
  usage: 'user create USER --access ACCESS [--cluster C]... [--login LOGIN] [--json]',
  summary: 'Make a user. USER signs in by the identity provider, or with an API token made for USER.',
  details:
    'Example: trivet user create ann --access operator --cluster blue\n' +
    'viewer sees, operator assigns and orders, admin also lets nodes join and revokes them; users are for admins of all clusters.',
  flags: {
    access: { type: 'string' },
    cluster: { type: 'string', multiple: true },
    login: { type: 'string' },
    ...jsonFlag,
  },
  options: z.object({
    operands: oneUser,
    access: Access.describe('viewer, operator or admin; each may what those before it may.'),
    cluster: z.array(Name).default([]).describe('A cluster that USER is for; may be said again. All if not said.'),
    login: z.string().optional().describe('What the identity provider calls USER.'),
    json,
  }),

  async run({ operands: [name], access, cluster, login, json: asJson }, context) {
    const clusters: Clusters = cluster.length > 0 ? cluster : 'all'
    const user = await (await context.api()).call(api.createUser, { name, access, clusters, login })
    if (asJson) return context.output.json(user)
    context.output.note(`${name} is ${rightsText(user)}. For an API token: trivet api-token create NAME --user ${name}`)
  },
})

const list = command({
  usage: `user list ${listUsage}`,
  summary: 'List the users.',
  flags: listFlags,
  options: z.object(listOptions(api.listUsers)),

  async run({ sort, ...shown }, context) {
    const users = await (await context.api()).list(api.listUsers, { sort })
    printList(users, { ...shown, row: (user) => rowOf(user, context) }, context)
  },
})

const show = command({
  usage: 'user show USER [--json]',
  summary: 'Show a user with the API tokens of the user.',
  flags: jsonFlag,
  options: z.object({ operands: oneUser, json }),

  async run({ operands: [name], json: asJson }, context) {
    const client = await context.api()
    const [user, tokens] = await Promise.all([
      client.call(api.readUser, { user: name }),
      client.list(api.listApiTokens, { user: name }),
    ])
    if (asJson) return context.output.json({ ...user, tokens })
    context.output.table([rowOf(user, context)])
    for (const token of tokens) context.output.line(`API token ${token.name} (${token.id}): ${rightsText(token)}`)
  },
})

const set = command({
  usage: 'user set USER [--access ACCESS] [--cluster C]... [--all-clusters] [--login LOGIN] [--json]',
  summary: 'Change what a user may do and where; it holds from the next call on.',
  flags: {
    access: { type: 'string' },
    cluster: { type: 'string', multiple: true },
    'all-clusters': { type: 'boolean' },
    login: { type: 'string' },
    ...jsonFlag,
  },
  options: z.object({
    operands: oneUser,
    access: Access.optional().describe('viewer, operator or admin.'),
    cluster: z
      .array(Name)
      .default([])
      .describe('A cluster that USER is for, in the place of those before; may be said again.'),
    'all-clusters': z.boolean().default(false).describe('USER is for all clusters.'),
    login: z.string().optional().describe("What the identity provider calls USER; '' for nothing."),
    json,
  }),

  async run({ operands: [name], access, cluster, 'all-clusters': all, login, json: asJson }, context) {
    if (all && cluster.length > 0) throw new UsageError('Give --cluster or --all-clusters, not both.')
    const clusters: Clusters | undefined = all ? 'all' : cluster.length > 0 ? cluster : undefined
    if (access === undefined && clusters === undefined && login === undefined)
      throw new UsageError('Say what to change: --access, --cluster, --all-clusters or --login.')
    const change = { user: name, access, clusters, login: login === '' ? null : login }
    const user = await (await context.api()).call(api.changeUser, change)
    if (asJson) return context.output.json(user)
    context.output.note(`${name} is ${rightsText(user)}.`)
  },
})

const disable = command({
  usage: 'user disable USER [--json]',
  summary: 'Refuse a user from now on, with all API tokens and sessions.',
  flags: jsonFlag,
  options: z.object({ operands: oneUser, json }),

  async run({ operands: [name], json: asJson }, context) {
    const user = await (await context.api()).call(api.changeUser, { user: name, disabled: true })
    if (asJson) return context.output.json(user)
    context.output.note(`${name} is refused from now on. Undo it with: trivet user enable ${name}`)
  },
})

const enable = command({
  usage: 'user enable USER [--json]',
  summary: 'Let a disabled user in again.',
  flags: jsonFlag,
  options: z.object({ operands: oneUser, json }),

  async run({ operands: [name], json: asJson }, context) {
    const user = await (await context.api()).call(api.changeUser, { user: name, disabled: false })
    if (asJson) return context.output.json(user)
    context.output.note(`${name} is ${rightsText(user)}.`)
  },
})

const remove = command({
  usage: 'user delete USER [--json]',
  summary: 'Forget a user; the API tokens of the user are worthless at once. What USER did stays in the audit.',
  flags: jsonFlag,
  options: z.object({ operands: oneUser, json }),

  async run({ operands: [name], json: asJson }, context) {
    const deleted = await (await context.api()).call(api.deleteUser, { user: name })
    if (asJson) return context.output.json(deleted)
    context.output.note(`There is no user ${name} any more.`)
  },
})

/** `operator of blue, green`. */
export function rightsText({ access, clusters }: { access: Access; clusters: Clusters }) {
  return `${access} of ${clustersText(clusters)}`
}

export function clustersText(clusters: Clusters) {
  return clusters === 'all' ? 'all clusters' : clusters.join(', ') || 'no cluster'
}

function rowOf({ name, access, clusters, login, createdAt, disabledAt }: UserView, { now }: Context) {
  return {
    user: name,
    access,
    clusters: clustersText(clusters),
    login: login ?? '',
    created: relative(createdAt, now()),
    disabled: disabledAt === null ? '' : relative(disabledAt, now()),
  }
}

export const userCommands: Command<Context>[] = [create, list, show, set, disable, enable, remove]
