import { z } from 'zod'
import { api } from '../protocol/api.ts'
import { Run } from '../protocol/events.ts'
import { CommandError } from '../cli/command.ts'
import { applyUpdate, type OrderState } from '../cli/order-state.ts'
import { until } from '../lab/run.ts'
import type { Site } from './site.ts'

/** Orders a run as an operator does, and waits until it is done. Gives its id. */
export async function order({ client, node }: Site) {
  let state: OrderState = { order: await client.call(api.createOrder, { nodes: [node.name] }), progress: {} }
  for await (const update of client.watch(api.watchOrder, { id: state.order.id })) state = applyUpdate(state, update)
  const [target] = state.order.targets
  if (!target?.run) throw new CommandError(`the order ended without a run: ${JSON.stringify(target)}`)
  return target.run
}

/** Orders a run, and gives how long the daemon says that it took, from the lock to the report on disk. */
export async function residentRun(site: Site, expected: 'unchanged' | 'changed') {
  const run = await order(site)
  return tookMs(await logged(site, { run }), expected)
}

/** Starts the daemon anew and waits for the run that it begins with; gives how long that took. */
export async function restart(site: Site, expected: 'unchanged' | 'changed') {
  await site.must(['systemctl', 'restart', 'trivet-agent'])
  const pid = await agentPid(site)
  return tookMs(await logged(site, { trigger: 'start' }, [`_PID=${pid}`]), expected)
}

function tookMs(said: Over, expected: string) {
  if (said.outcome !== expected)
    throw new CommandError(`the resident agent should have found all ${expected}: ${JSON.stringify(said)}`)
  return said.ms
}

/** What the agent logs of a run; systemd has lines of its own among these. */
const Over = z.object({
  msg: z.literal('run over'),
  run: z.string(),
  trigger: Run.shape.trigger,
  outcome: z.string(),
  ms: z.number(),
})
type Over = z.infer<typeof Over>

async function logged({ must }: Site, { run, trigger }: Partial<Over>, by: string[] = []) {
  return until(
    `the agent to log the end of run ${run ?? `by ${trigger}`}`,
    async () => {
      const log = await must(['journalctl', '--unit=trivet-agent', '--output=cat', '--lines=50', ...by])
      return log
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .flatMap((line) => Over.safeParse(JSON.parse(line)).data ?? [])
        .find((over) => (run === undefined || over.run === run) && (trigger === undefined || over.trigger === trigger))
    },
    300_000,
  )
}

export async function agentPid(site: Site) {
  return pidOf('trivet-agent', site)
}

export async function pidOf(unit: string, { must }: Site) {
  return Number(await must(['systemctl', 'show', '--property=MainPID', '--value', unit]))
}
