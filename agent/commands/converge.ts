import { z } from 'zod'
import { CommandError, UsageError } from '../../cli/command.ts'
import { messageOf } from '../../protocol/errors.ts'
import type { Report, ResourceEvent } from '../../protocol/events.ts'
import type { Agent } from '../agent.ts'
import { holderOf } from '../lock.ts'
import { Refused, type Request } from '../run.ts'
import { describeEvent, exitCodeOf, summaryOf } from '../show.ts'
import { type AgentContext, define, none, openAgent, stateFlag, stateOption } from './common.ts'

const flags = {
  offline: { type: 'boolean' as const },
  json: { type: 'boolean' as const },
  ...stateFlag,
  'detailed-exitcodes': { type: 'boolean' as const },
}
const Hash = z.string().regex(/^[0-9a-f]{64}$/, 'must be the hash that a plan ended with')
const runOptions = z.object({
  operands: none,
  offline: z.boolean().default(false).describe('Take the catalog on disk and ask no server.'),
  json: z.boolean().default(false).describe('Print the report as JSON.'),
  'detailed-exitcodes': z.boolean().default(false).describe('0 nothing changed, 2 changed, 4 failed, 6 both.'),
  state: stateOption,
})
const convergeOptions = runOptions.extend({
  plan: Hash.optional().describe('Converge only if the plan of this machine still has this hash.'),
  'plan-only': z.boolean().default(false).describe('Say what would be done, and do nothing: the same as plan.'),
})

const details =
  'Where the daemon runs, its catalog is the newest and is used; otherwise the server is asked for it first.'

export const converge = define({
  usage: 'converge [--plan HASH | --plan-only] [--offline] [--json] [--detailed-exitcodes] [--state DIR]',
  summary: 'Make this machine as its catalog says, now, and report.',
  details,
  flags: { ...flags, plan: { type: 'string' }, 'plan-only': { type: 'boolean' } },
  options: convergeOptions,
  run: ({ plan: hash, 'plan-only': planOnly, ...options }, context) => {
    if (planOnly && hash !== undefined)
      throw new UsageError('--plan HASH converges and --plan-only does not; give one of them')
    return runAndTell(
      { mode: planOnly ? 'plan' : 'converge', ...(hash === undefined ? {} : { plan: hash }) },
      options,
      context,
    )
  },
})

export const plan = define({
  usage: 'plan [--offline] [--json] [--detailed-exitcodes] [--state DIR]',
  summary: 'Say what a converge would do, and do nothing.',
  details,
  flags,
  options: runOptions,
  run: (options, context) => runAndTell({ mode: 'plan' }, options, context),
})

type Asked = Pick<Request, 'mode' | 'plan'>
type Options = z.infer<typeof runOptions>

async function runAndTell(asked: Asked, options: Options, context: AgentContext) {
  const report = await runOnce(asked, options, context)
  if (options.json) context.output.json(report)
  else context.output.line(summaryOf(report.run))
  return exitCodeOf(report.run, options['detailed-exitcodes'])
}

async function runOnce(asked: Asked, options: Options, context: AgentContext): Promise<Report> {
  const { output } = context
  const { agent, state } = openAgent(options.state, context, (line) => output.note(line))
  const daemonLives = holderOf(state.path('daemon.lock')) !== undefined
  const fetched = options.offline || daemonLives ? undefined : await fetchCatalog(agent, (line) => output.note(line))
  if (fetched?.noCatalog !== undefined) output.note(`the server has no catalog for this node: ${fetched.noCatalog}`)
  if (!agent.catalog.isThere) throw new CommandError('there is no catalog on this node yet; has it roles?')
  const show = (event: ResourceEvent) => {
    for (const line of describeEvent(event)) output.line(line)
  }
  const hooks = {
    signal: context.interrupted(),
    event: options.json ? () => {} : show,
    waiting: (pid: number) => output.note(`waiting for the run of process ${pid}`),
  }
  const reports = await agent.runner.run({ ...asked, trigger: 'manual', orders: [] }, hooks).catch(refusal)
  for (const report of reports) agent.delivery.add(report)
  if (fetched && !(await fetched.deliver())) output.note('the report is kept until the server can be reached')
  fetched?.close()
  const last = reports.at(-1)
  if (!last) throw new Error('a run makes a report')
  return last
}

function refusal(error: unknown): never {
  throw error instanceof Refused ? new CommandError(error.message, { cause: error }) : error
}

async function fetchCatalog(agent: Agent, note: (line: string) => void) {
  const { fetchNow } = await import('../refresh.ts')
  try {
    return await fetchNow(agent)
  } catch (error) {
    note(`the server cannot be reached (${messageOf(error)}); using the catalog on disk`)
    return undefined
  }
}
