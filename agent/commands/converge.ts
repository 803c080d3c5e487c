import { z } from 'zod'
import { CommandError } from '../../cli/command.ts'
import { messageOf } from '../../protocol/errors.ts'
import type { Agent } from '../agent.ts'
import { holderOf } from '../kept/lock.ts'
import { type AgentContext, define, openAgent } from './common.ts'
import { type Asked, askedOf, planFlags, planOptions, runFlags, runOptions, runSeen, tellLast } from './running.ts'

const flags = { offline: { type: 'boolean' as const }, ...runFlags }
const options = runOptions.extend({
  offline: z.boolean().default(false).describe('Take the catalog on disk and ask no server.'),
})

const details =
  'Where the daemon runs, its catalog is the newest and is used; otherwise the server is asked for it first.'

export const converge = define({
  usage: 'converge [--plan HASH | --plan-only] [--offline] [--json] [--detailed-exitcodes] [--state DIR]',
  summary: 'Make this machine as its catalog says, now, and report.',
  details,
  flags: { ...flags, ...planFlags },
  options: options.extend(planOptions),
  run: (given, context) => runOnce(askedOf(given), given, context),
})

export const plan = define({
  usage: 'plan [--offline] [--json] [--detailed-exitcodes] [--state DIR]',
  summary: 'Say what a converge would do, and do nothing.',
  details,
  flags,
  options,
  run: (given, context) => runOnce({ mode: 'plan' }, given, context),
})

async function runOnce(asked: Asked, given: z.infer<typeof options>, context: AgentContext) {
  const { output } = context
  const { agent, state } = openAgent(given.state, context, (line) => output.note(line))
  const daemonLives = holderOf(state.path('daemon.lock')) !== undefined
  const fetched = given.offline || daemonLives ? undefined : await fetchCatalog(agent, (line) => output.note(line))
  if (fetched?.noCatalog !== undefined) output.note(`the server has no catalog for this node: ${fetched.noCatalog}`)
  if (!agent.catalog.isThere) throw new CommandError('there is no catalog on this node yet; has it roles?')
  const reports = await runSeen(agent.runner, asked, given.json, context)
  for (const report of reports) agent.delivery.add(report)
  if (fetched && !(await fetched.deliver())) output.note('the report is kept until the server can be reached')
  fetched?.close()
  return tellLast(reports, given, context)
}

async function fetchCatalog(agent: Agent, note: (line: string) => void) {
  const { fetchNow } = await import('../link/refresh.ts')
  try {
    return await fetchNow(agent)
  } catch (error) {
    note(`the server cannot be reached (${messageOf(error)}); using the catalog on disk`)
    return undefined
  }
}
