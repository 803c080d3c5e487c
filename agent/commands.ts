import { hostname } from 'node:os'
import { z } from 'zod'
import { type Command, type CommandContext, CommandError, defineCommand, UsageError } from '../cli/command.ts'
import type { Report, ResourceEvent, RunMode } from '../protocol/events.ts'
import { parseInvitation } from '../protocol/token.ts'
import { Name } from '../protocol/name.ts'
import { Agent, NotJoined } from './agent.ts'
import { keyOf, Journal } from './journal.ts'
import { holderOf, tryLock } from './lock.ts'
import { type NotifyEnvironment, notifier } from './notify.ts'
import type { ResourceTypes } from './prepare.ts'
import { describeEvent, exitCodeOf, summaryOf } from './show.ts'
import { stateIn } from './state.ts'
import { messageOf } from '../protocol/errors.ts'

/** What an agent's commands are given beyond the common. */
export interface AgentContext extends CommandContext {
  types: ResourceTypes
  version: string
  environment: NotifyEnvironment
}

// What speaks with the server is loaded only by the commands that do: a run from disk starts without it.
const define = defineCommand<AgentContext>()

const stateFlag = { state: { type: 'string' as const } }
const stateOption = z
  .string()
  .default('/var/lib/trivet-agent')
  .describe('The folder with key, catalog, journal and reports.')
const none = z.array(z.string()).max(0)

const join = define({
  usage: 'join TOKEN@URL [--name NAME] [--state DIR]',
  summary: 'Join a server: make this node a key, enrol it, believe that server alone.',
  details:
    'TOKEN@URL is what `trivet token create` prints; `-` reads that line from standard input, so that the token stands in no process list.',
  flags: { name: { type: 'string' }, ...stateFlag },
  options: z.object({
    operands: z.tuple([z.string()]),
    name: Name.default(() => Name.parse(hostname().split('.')[0]?.toLowerCase())).describe(
      'What the node shall be called; by default its host name.',
    ),
    state: stateOption,
  }),
  async run({ operands: [text], name, state: dir }, { output }) {
    const invitation = parseInvitation(text === '-' ? await readInput() : text)
    if (!invitation) throw new UsageError('That is no TOKEN@URL as `trivet token create` prints it.')
    const state = stateIn(dir)
    const identity = state.readIdentity()
    if (identity) {
      throw new CommandError(
        `this node has joined ${identity.url} as ${identity.node} already. To join anew, stop the agent and remove ${dir} first.`,
      )
    }
    const { enrol } = await import('./enrol.ts')
    try {
      output.line(`joined ${invitation.url} as ${await enrol(state, invitation, name)}`)
    } catch (error) {
      throw new CommandError(messageOf(error), { cause: error })
    }
    output.note('Next: systemctl enable --now trivet-agent')
  },
})

const run = define({
  usage: 'run [--state DIR]',
  summary: 'The daemon: converge on schedule, on a new catalog and on orders, until it is told to stop.',
  flags: stateFlag,
  options: z.object({ operands: none, state: stateOption }),
  async run({ state: dir }, context) {
    const log = (line: string) => context.output.note(line)
    const { agent, state } = open(dir, context, log)
    const lock = tryLock(state.path('daemon.lock'))
    if ('heldBy' in lock) throw new CommandError(`an agent runs on ${dir} already: process ${lock.heldBy}`)
    const { Daemon } = await import('./daemon.ts')
    const daemon = new Daemon(agent, state, log)
    const systemd = notifier(context.environment, log)
    context.interrupted().addEventListener('abort', () => daemon.stop())
    systemd.ready()
    await daemon.run()
    systemd.stop()
    lock.release()
  },
})

const runFlags = {
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

function runCommand(mode: RunMode, summary: string) {
  return define({
    usage: `${mode} [--offline] [--json] [--detailed-exitcodes] [--state DIR]`,
    summary,
    details:
      'Where the daemon runs, its catalog is the newest and is used; otherwise the server is asked for it first.',
    flags: runFlags,
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
  const { agent, state } = open(options.state, context, (line) => output.note(line))
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

const status = define({
  usage: 'status [--json] [--state DIR]',
  summary: 'What this agent knows: server, connection, catalog, what is owed, what waits to be reported.',
  flags: { json: { type: 'boolean' }, ...stateFlag },
  options: z.object({
    operands: none,
    json: z.boolean().default(false).describe('Print one JSON document.'),
    state: stateOption,
  }),
  async run({ json, state: dir }, context) {
    const { agent, state } = open(dir, context, () => {})
    const pid = holderOf(state.path('daemon.lock'))
    const connection = state.readStatus()
    const known = {
      node: agent.identity.node,
      server: agent.identity.url,
      daemon: pid ?? null,
      connected: pid !== undefined && (connection?.connected ?? false),
      detail: connection?.detail ?? null,
      catalog: agent.catalog.read()?.digest ?? null,
      owed: new Journal(state.path('journal')).owed.map(keyOf),
      unreported: agent.delivery.waiting,
    }
    if (json) return context.output.json(known)
    for (const [name, value] of Object.entries(known))
      context.output.line(`${name}: ${[value].flat().join(', ') || '-'}`)
  },
})

export const agentCommands: Command<AgentContext>[] = [
  join,
  run,
  runCommand('converge', 'Make this machine as its catalog says, now, and report.'),
  runCommand('plan', 'Say what a converge would do, and do nothing.'),
  status,
]

function open(dir: string, { types, version }: AgentContext, log: (line: string) => void) {
  const state = stateIn(dir)
  try {
    return { agent: new Agent({ state, types, version, log }), state }
  } catch (error) {
    if (error instanceof NotJoined) throw new CommandError(`${error.message}. First: trivet-agent join TOKEN@URL`)
    throw error
  }
}

async function fetchCatalog(agent: Agent, note: (line: string) => void) {
  const { fetchNow } = await import('./refresh.ts')
  try {
    return await fetchNow(agent)
  } catch (error) {
    note(`the server cannot be reached (${messageOf(error)}); using the catalog on disk`)
    return undefined
  }
}

// The whole line that `trivet token create` prints will do.
async function readInput() {
  const chunks: Buffer[] = []
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks).toString().trim().split(/\s+/).at(-1) ?? ''
}
