import { z } from 'zod'
import { CommandError, UsageError } from '../../cli/command.ts'
import type { Report, ResourceEvent } from '../../protocol/events.ts'
import { Refused, type Request, type Runner } from '../runs/run.ts'
import { describeEvent, exitCodeOf, summaryOf } from '../runs/show.ts'
import { type AgentContext, none, stateFlag, stateOption } from './common.ts'

/** What every verb that makes a run takes. */
export const runFlags = {
  json: { type: 'boolean' as const },
  ...stateFlag,
  'detailed-exitcodes': { type: 'boolean' as const },
}
export const runOptions = z.object({
  operands: none,
  json: z.boolean().default(false).describe('Print the report as JSON.'),
  'detailed-exitcodes': z.boolean().default(false).describe('0 nothing changed, 2 changed, 4 failed, 6 both.'),
  state: stateOption,
})
type RunOptions = z.infer<typeof runOptions>

/** For those that converge unless they are told only to plan. */
export const planFlags = { plan: { type: 'string' as const }, 'plan-only': { type: 'boolean' as const } }
const Hash = z.string().regex(/^[0-9a-f]{64}$/, 'must be the hash that a plan ended with')
export const planOptions = {
  plan: Hash.optional().describe('Converge only if the plan of this machine still has this hash.'),
  'plan-only': z.boolean().default(false).describe('Say what a converge would do, and do nothing.'),
}

export type Asked = Pick<Request, 'mode' | 'plan'>

export function askedOf({ plan, 'plan-only': planOnly }: { plan?: string | undefined; 'plan-only': boolean }): Asked {
  if (planOnly && plan !== undefined)
    throw new UsageError('--plan HASH converges and --plan-only does not; give one of them')
  return { mode: planOnly ? 'plan' : 'converge', ...(plan === undefined ? {} : { plan }) }
}

/** Makes the run, which people see as it happens. Gives its report, and before it that of a run that was interrupted. */
export async function runSeen(runner: Runner, asked: Asked, json: boolean, context: AgentContext): Promise<Report[]> {
  const { output } = context
  const show = (event: ResourceEvent) => {
    for (const line of describeEvent(event)) output.line(line)
  }
  const hooks = {
    signal: context.interrupted(),
    event: json ? () => {} : show,
    waiting: (pid: number) => output.note(`waiting for the run of process ${pid}`),
  }
  return runner.run({ ...asked, trigger: 'manual', orders: [] }, hooks).catch((error: unknown) => {
    throw error instanceof Refused ? new CommandError(error.message, { cause: error }) : error
  })
}

/** Says what the last of them came to. Gives the exit code. */
export function tellLast(reports: Report[], options: RunOptions, { output }: AgentContext) {
  const last = reports.at(-1)
  if (!last) throw new Error('a run makes a report')
  if (options.json) output.json(last)
  else output.line(summaryOf(last.run))
  return exitCodeOf(last.run, options['detailed-exitcodes'])
}
