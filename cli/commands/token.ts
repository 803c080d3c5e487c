import { z } from 'zod'
import { api } from '../../protocol/api.ts'
import { Name } from '../../protocol/name.ts'
import type { Command } from '../command.ts'
import type { Context } from '../context.ts'
import { listFlags, listOptions, listUsage, printList } from '../list.ts'
import { command, json, jsonFlag } from '../options.ts'
import { Duration, relative } from '../time.ts'

const create = command({
  usage: 'token create [--role R]... [--cluster C] [--names PATTERN] [--uses N] [--ttl DURATION] [--approval] [--json]',
  summary: 'Make a token with which nodes may join, and print the line to run on them.',
  details: 'Example: trivet token create --role base --role web --uses 3 --ttl 1h\nThe token is shown this once.',
  flags: {
    role: { type: 'string', multiple: true },
    cluster: { type: 'string' },
    names: { type: 'string' },
    uses: { type: 'string' },
    ttl: { type: 'string' },
    approval: { type: 'boolean' },
    ...jsonFlag,
  },
  options: z.object({
    role: z.array(Name).default([]).describe('A role that each node that joins is given; may be said again.'),
    cluster: Name.optional().describe('The cluster that they join; default if not said.'),
    names: z.string().optional().describe("What they may be called: 'web-*'; anything if not said."),
    uses: z.coerce.number().int().min(1).optional().describe('How many nodes may join with it; 1 if not said.'),
    ttl: Duration.optional().describe('How long it is good for: 90s, 10m, 1h, 2d; 1h if not said.'),
    approval: z.boolean().optional().describe('Who joins with it waits for trivet node approve.'),
    json,
  }),

  async run({ role, ttl, json: asJson, ...rules }, context) {
    const client = await context.api()
    const created = await client.call(api.createToken, { ...rules, roles: role, ttlMs: ttl })
    const invitation = `${created.token}@${client.url}`
    const join = `trivet-agent join ${invitation}`
    const { installer } = created
    const install = installer && installLine(client.url, installer, invitation)
    if (asJson) return context.output.json({ ...created, join, install })
    context.output.line(join)
    context.output.note(installNote(install))
    context.output.note(
      `Run that on the node. The token ${created.id} ends ${relative(created.expiresAt, context.now())}.`,
    )
  },
})

const attested = command({
  usage: 'token attested [--json]',
  summary: 'Print the line by which instances of EC2 join without a token, and which become what.',
  details: 'The server lets them in as the file of trivet server --attest says. The line is no secret.',
  flags: jsonFlag,
  options: z.object({ json }),

  async run({ json: asJson }, context) {
    const client = await context.api()
    const { token, installer, clusters } = await client.call(api.readAttestation, {})
    const invitation = `${token}@${client.url}`
    const join = `trivet-agent join ${invitation}`
    const install = installer && installLine(client.url, installer, invitation)
    if (asJson) return context.output.json({ token, join, install, clusters })
    context.output.line(join)
    context.output.note(installNote(install))
    for (const [cluster, groups] of Object.entries(clusters))
      for (const [group, roles] of Object.entries(groups))
        context.output.note(
          `trivet:cluster=${cluster} trivet:group=${group}: ${roles.length > 0 ? roles.join(', ') : 'no roles'}`,
        )
  },
})

/** What a bare machine runs. Nobody is believed: the script by the hash that the API told, all else by the script. */
function installLine(url: string, installer: string, invitation: string) {
  const file = 'trivet-install.sh'
  return [
    `curl -fsSk -o ${file} ${url}/agent/install.sh`,
    `echo '${installer}  ${file}' | sha256sum -c --quiet`,
    `TRIVET_JOIN='${invitation}' sh ${file}`,
  ].join(' && ')
}

/** Beside the line that joins; a server without agents has none, and leaves it to people. */
function installNote(install: string | undefined) {
  if (install !== undefined) return `Where the agent is not installed yet, as root:\n${install}`
  return [
    'This server hands out no agent, so there is no line for machines that have none. Next, either where it runs:',
    '  npm run build:agent, or trivet server --agents DIR with a folder that was built elsewhere; then this again',
    'or on the machine: install the .deb of npm run build:agent by hand, then run the line with trivet-agent join.',
  ].join('\n')
}

const list = command({
  usage: `token list ${listUsage}`,
  summary: 'List the tokens that nodes can still join with.',
  flags: listFlags,
  options: z.object(listOptions(api.listTokens)),

  async run({ sort, ...shown }, context) {
    const tokens = await (await context.api()).list(api.listTokens, { sort })
    const row = (token: (typeof tokens)[number]) => ({
      token: token.id,
      left: String(token.usesLeft),
      ends: relative(token.expiresAt, context.now()),
      cluster: token.cluster,
      roles: token.roles.join(', '),
      names: token.names,
      approval: token.approval ? 'needed' : '',
      author: token.author,
    })
    printList(tokens, { ...shown, row, empty: 'No token can be used now. Make one with: trivet token create' }, context)
  },
})

const remove = command({
  usage: 'token delete TOKEN [--json]',
  summary: 'Make a token worthless; TOKEN as in token list. Nodes that joined with it stay.',
  flags: jsonFlag,
  options: z.object({ operands: z.tuple([z.string()]), json }),

  async run({ operands: [id], json: asJson }, context) {
    const deleted = await (await context.api()).call(api.deleteToken, { id })
    if (asJson) return context.output.json(deleted)
    context.output.note(`Nobody can join with ${id} any more.`)
  },
})

export const tokenCommands: Command<Context>[] = [create, attested, list, remove]
