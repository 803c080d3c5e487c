import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { z } from 'zod'
import { CommandError, UsageError } from '../../cli/command.ts'
import { readAttributeValue } from '../../protocol/attribute-value.ts'
import { Name } from '../../protocol/name.ts'
import { factsReader } from '../machine/facts.ts'
import { Parts } from '../parts.ts'
import { summaryOf } from '../runs/show.ts'
import type { State } from '../kept/state.ts'
import { type AgentContext, define, nameOfHost, openState } from './common.ts'
import { askedOf, planFlags, planOptions, runFlags, runOptions, runSeen, tellLast } from './running.ts'

const Setting = z
  .string()
  .regex(/^[^=]+=/, 'KEY=VALUE, such as web.port=8080')
  .transform((text) => {
    const at = text.indexOf('=')
    return [text.slice(0, at), readAttributeValue(text.slice(at + 1))] as const
  })
const Folder = z.string().transform((path) => resolve(path))

const options = runOptions.extend({
  role: z
    .array(Name, 'say what this machine is to be, such as --role web')
    .describe('What this machine is to be; may be said several times.'),
  recipes: Folder.prefault('recipes').describe('Folder of the recipes; recipes if not said.'),
  roles: Folder.prefault('roles').describe('Folder of the roles; roles if not said.'),
  types: Folder.optional().describe('Folder of resource types of your own; types, where there is one, if not said.'),
  set: z.array(Setting).default([]).describe('An attribute, over what the roles say; may be said several times.'),
  name: Name.optional().describe('What recipes are told as the name of the node; by default its host name.'),
  ...planOptions,
})

export const apply = define({
  usage:
    'apply --role ROLE [--recipes DIR] [--roles DIR] [--types DIR] [--set KEY=VALUE] [--name NAME] [--plan HASH | --plan-only] [--json] [--detailed-exitcodes] [--state DIR]',
  summary: 'Without a server: make this machine as roles and recipes on its own disk say.',
  details: `Recipes see this machine as the only one of its cluster. What is owed, made and kept is remembered in the state folder, so that the next
apply goes on where this one ended; nobody is reported to. A machine that has joined a server is refused.`,
  flags: {
    role: { type: 'string', multiple: true },
    recipes: { type: 'string' },
    roles: { type: 'string' },
    types: { type: 'string' },
    set: { type: 'string', multiple: true },
    name: { type: 'string' },
    ...planFlags,
    ...runFlags,
  },
  options,
  async run(given, context) {
    const asked = askedOf(given)
    const state = openState(given.state)
    refuseJoined(state)
    const { types, version, output } = context
    const parts = new Parts(state, types, version)
    await giveCatalog(parts, given, context)
    const reports = await runSeen(parts.runner, asked, given.json, context)
    // There is nobody to bring them to.
    for (const { run } of reports) parts.spool.remove(run.id)
    for (const { run } of reports.slice(0, -1)) output.note(`before that ${summaryOf(run)}`)
    return tellLast(reports, given, context)
  },
})

function refuseJoined(state: State) {
  const identity = state.readIdentity()
  if (!identity) return
  const { url, node } = identity
  throw new CommandError(
    `this machine has joined ${url} as ${node}, and that server says what it is to be: trivet-agent converge. ` +
      `To apply something beside that, give it a memory of its own: --state and another folder than ${state.dir}.`,
  )
}

/** Puts on disk what a server would have sent. */
async function giveCatalog(parts: Parts, given: z.infer<typeof options>, context: AgentContext) {
  const { recipes, roles, types = resolve('types') } = given
  if (given.types !== undefined && !existsSync(types)) throw new UsageError(`--types: there is no ${types}`)
  const before = parts.catalog.read()
  const compiled = await context.compileHere({
    sources: { recipes, roles, types },
    name: given.name ?? nameOfHost(),
    roles: [...new Set(given.role)],
    facts: await factsReader(context.version)(),
    attributes: Object.fromEntries(given.set),
  })
  if ('reason' in compiled) throw new CommandError(compiled.reason)
  for (const [hash, bytes] of compiled.blobs) parts.blobs.write(hash, bytes)
  parts.catalog.write(compiled.catalog)
  parts.prune(before)
}
