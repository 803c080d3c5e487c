import { z } from 'zod'
import { CommandError } from '../../cli/command.ts'
import { messageOf } from '../../protocol/errors.ts'
import type { Report, ResourceEvent, RunMode } from '../../protocol/events.ts'
import type { Agent } from '../agent.ts'
import { holderOf } from '../lock.ts'
import { describeEvent, exitCodeOf, summaryOf } from '../show.ts'
import { type AgentContext, define, none, openAgent, stateFlag, stateOption } from './common.ts'

const flags = {
  offline: { type: 'boolean' as const },
  json: { type: 'boolean' as const },
  ...stateFlag,
  'detailed-exitcodes': { type: 'boolean' as const },
}
const runOptions = z.object({
  operands: none,
  offline: z.boolean().default(false).describe('Take the catalog on disk and ask no server.'),
  json: z.boolean().default(false).describe('Print the report as JSON.'),
  'detailed-exitcodes': z.boolean().default(false).describe('0 nothing changed, 2 changed, 4 failed, 6 both.'),
  state: stateOption,
})

export const converge = runCommand('converge', 'Make this machine as its catalog says, now, and report.')
export const plan = runCommand('plan', 'Say what a converge would do, and do nothing.')

function runCommand(mode: RunMode, summary: string) {
  return define({
    usage: `${mode} [--offline] [--json] [--detailed-exitcodes] [--state DIR]`,
    summary,
    details:
      'Where the daemon runs, its catalog is the newest and is used; otherwise the server is asked for it first.',
    flags,
    options: runOptions,
    async run(options, context) {
      const report = await runOnce(mode, options, context)
      if (options.json) context.output.json(report)
      else context.output.line(summaryOf(report.run))
      return exitCodeOf(report.run, options['detailed-exitcodes'])
    },
  })
}

async function runOnce(mode: RunMode, options: z.infer<typeof runOptions>, context: AgentContext): Promise<Report> {
  const { output } = context
  const { agent, state } = openAgent(options.state, context, (line) => output.note(line))
  const daemonLives = holderOf(state.path('daemon.lock')) !== undefined
  const fetched = options.offline || daemonLives ? undefined : await fetchCatalog(agent, (line) => output.note(line))
  if (fetched?.noCatalog !== undefined) output.note(`the server has no catalog for this node: ${fetched.noCatalog}`)
  if (!agent.catalog.isThere) throw new CommandError('there is no catalog on this node yet; has it roles?')
  const show = (event: ResourceEvent) => {
    for (const line of describeEvent(event)) output.line(line)
  }
  const reports = await agent.runner.run(
    { mode, trigger: 'manual', orders: [] },
    {
      signal: context.interrupted(),
      event: options.json ? () => {} : show,
      waiting: (pid) => output.note(`waiting for the run of process ${pid}`),
    },
  )
  for (const report of reports) agent.delivery.add(report)
  if (fetched && !(await fetched.deliver())) output.note('the report is kept until the server can be reached')
  fetched?.close()
  const last = reports.at(-1)
  if (!last) throw new Error('a run makes a report')
  return last
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
