import { z } from 'zod'
import { api } from '../../protocol/api.ts'
import type { ApiTokenView } from '../../protocol/api/api-tokens.ts'
import { Name, UserName } from '../../protocol/name.ts'
import { Access } from '../../protocol/views.ts'
import type { Command } from '../command.ts'
import type { Context } from '../context.ts'
import { listFlags, listOptions, listUsage, printList } from '../list.ts'
import { command, json, jsonFlag } from '../options.ts'
import { Duration, relative } from '../time.ts'
import { clustersText, rightsText } from './user.ts'

const create = command({
  usage: 'api-token create NAME [--user USER] [--access ACCESS] [--cluster C]... [--ttl DURATION] [--json]',
  summary: 'Make a token with which a person or a program may call the API, and print the line to log in with.',
  details: `Example: trivet api-token create backup --user ci --access viewer --ttl 30d
NAME is for you to know it by. The token is shown this once. It may never do more than its user, nor more than you may
now; one that you make for yourself ends with the one you make it with at the latest.`,
  flags: {
    user: { type: 'string' },
    access: { type: 'string' },
    cluster: { type: 'string', multiple: true },
    ttl: { type: 'string' },
    ...jsonFlag,
  },
  options: z.object({
    operands: z.tuple([Name]),
    user: UserName.optional().describe('Whose it is; yours if not said. For admins of all clusters.'),
    access: Access.optional().describe('viewer, operator or admin; as much as possible if not said.'),
    cluster: z
      .array(Name)
      .default([])
      .describe('A cluster that it is for; may be said again. All of its user if not said.'),
    ttl: Duration.optional().describe('How long it is good for: 12h, 30d; 90d if not said, 366d at most.'),
    json,
  }),

  async run({ operands: [name], user, access, cluster, ttl, json: asJson }, context) {
    const client = await context.api()
    const clusters = cluster.length > 0 ? cluster : undefined
    const { token, ...made } = await client.call(api.createApiToken, { name, user, access, clusters, ttlMs: ttl })
    const login = `trivet login ${token}@${client.url}`
    if (asJson) return context.output.json({ ...made, token, login })
    context.output.line(login)
    context.output.note(`${made.user} is ${rightsText(made)} with it. ${endText(made, context)}`)
  },
})

const list = command({
  usage: `api-token list [--user USER | --all] ${listUsage}`,
  summary: 'List your API tokens, or those of others.',
  flags: { user: { type: 'string' }, all: { type: 'boolean' }, ...listFlags },
  options: z.object({
    user: UserName.optional().describe('Those of this user; for admins of all clusters.'),
    all: z.boolean().default(false).describe('Those of all users; for admins of all clusters.'),
    ...listOptions(api.listApiTokens),
  }),

  async run({ user, all, sort, ...shown }, context) {
    const client = await context.api()
    const tokens = await client.list(api.listApiTokens, { user, all: all ? 'true' : undefined, sort })
    const row = (token: ApiTokenView) => rowOf(token, context)
    printList(tokens, { ...shown, row, empty: 'There is none. Make one with: trivet api-token create NAME' }, context)
  },
})

const revoke = command({
  usage: 'api-token revoke TOKEN [--json]',
  summary: 'Make an API token worthless at once; TOKEN is its id, as in api-token list.',
  flags: jsonFlag,
  options: z.object({ operands: z.tuple([z.string()]), json }),

  async run({ operands: [id], json: asJson }, context) {
    const revoked = await (await context.api()).call(api.revokeApiToken, { id })
    if (asJson) return context.output.json(revoked)
    context.output.note(`Nobody can call the API with ${id} any more.`)
  },
})

function endText({ expiresAt }: ApiTokenView, { now }: Context) {
  return expiresAt === null ? 'It does not end.' : `It ends ${relative(expiresAt, now())}.`
}

function rowOf(token: ApiTokenView, { now }: Context) {
  const { id, user, name, access, clusters, expiresAt, usedAt, usedFrom } = token
  return {
    token: id,
    user,
    name,
    access,
    clusters: clustersText(clusters),
    ends: expiresAt === null ? 'never' : relative(expiresAt, now()),
    used: usedAt === null ? 'never' : `${relative(usedAt, now())} from ${usedFrom}`,
  }
}

export const apiTokenCommands: Command<Context>[] = [create, list, revoke]
