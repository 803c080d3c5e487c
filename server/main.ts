import { once } from 'node:events'
import { resolve } from 'node:path'
import { inspect } from 'node:util'
import { z } from 'zod'
import { type CommandContext, defineCommand } from '../cli/command.ts'
import { openLog } from '../cli/log.ts'
import { notifier } from '../cli/notify.ts'
import { Duration } from '../cli/time.ts'
import packageJson from '../package.json' with { type: 'json' }
import { readAttestSettings } from './attest/settings.ts'
import { requireFolder } from './data-dir.ts'
import { init } from './init/command.ts'
import { usualLimits } from './rate-limit.ts'
import { policyOf } from './retention/policy.ts'
import { startServer } from './server.ts'
import { readSignInSettings } from './sign-in/settings.ts'
import { forgettable } from './store/retention.ts'

const Interval = Duration.refine((ms) => ms >= 1000, 'at least 1s')

const Requests = z.coerce.number().int().min(1).max(1_000_000_000)

const Listen = z
  .string()
  .regex(/^(\[[0-9a-fA-F:.]+\]|[^:\s]+):\d{1,5}$/, 'HOST:PORT, such as 0.0.0.0:8443')
  .transform((text) => ({
    host: text.slice(0, text.lastIndexOf(':')).replace(/^\[|\]$/g, ''),
    port: Number(text.slice(text.lastIndexOf(':') + 1)),
  }))
  .refine(({ port }) => port <= 65_535, 'a port is at most 65535')

export const server = defineCommand<CommandContext>()({
  usage:
    'server --data DIR [--listen HOST:PORT] [--recipes DIR] [--roles DIR] [--types DIR] [--agents DIR] [--interval DURATION] [--retain KIND=LIMIT]... [--sign-in FILE] [--attest FILE] [--rate-limit N] [--rate-limit-unknown N] [--link-local-webhooks]',
  summary: 'Run the server.',
  details: `The first start prints a line to log in with as admin, unless trivet server init has; it is shown once. All that the server remembers is in
--data, readable by its user alone, and stays there unless --retain says how long. Logs go to stderr, one JSON a line. SIGTERM and Ctrl-C end it cleanly.`,
  flags: {
    data: { type: 'string' },
    listen: { type: 'string' },
    recipes: { type: 'string' },
    roles: { type: 'string' },
    types: { type: 'string' },
    agents: { type: 'string' },
    interval: { type: 'string' },
    retain: { type: 'string', multiple: true },
    'sign-in': { type: 'string' },
    attest: { type: 'string' },
    'rate-limit': { type: 'string' },
    'rate-limit-unknown': { type: 'string' },
    'link-local-webhooks': { type: 'boolean' },
  },
  options: z.object({
    data: z.string().describe('Where the server keeps what it remembers.'),
    listen: Listen.prefault('0.0.0.0:8443').describe(
      'Address and port for operators and agents; 0.0.0.0:8443 if not said.',
    ),
    recipes: z.string().default('recipes').describe('Folder of the recipes; recipes if not said.'),
    roles: z.string().default('roles').describe('Folder of the roles; roles if not said.'),
    types: z
      .string()
      .optional()
      .describe('Folder of resource types of your own; types, where there is one, if not said.'),
    agents: z
      .string()
      .default('dist/agent')
      .describe('Folder of what npm run build:agent made, for machines that are to be nodes; dist/agent if not said.'),
    interval: Interval.prefault('30m').describe(
      'How often agents converge of their own accord: 90s, 30m, 2h; 30m if not said.',
    ),
    retain: policyOf(Duration)
      .prefault([])
      .describe(
        `How long, or how many, are kept of ${forgettable.join(', ')}: runs=90d, runs=1000000, runs=90d,1000000; may be said again; for good if not said.`,
      ),
    'sign-in': z
      .string()
      .optional()
      .describe('File that says by which identity provider people may sign in to the console (docs/operating.md).'),
    attest: z
      .string()
      .optional()
      .describe('File that says which instances of EC2 become nodes by what they are (docs/operating.md).'),
    'rate-limit': Requests.prefault(String(usualLimits.user)).describe(
      `How many requests one user may make in a minute; ${usualLimits.user} if not said.`,
    ),
    'rate-limit-unknown': Requests.prefault(String(usualLimits.unknown)).describe(
      `How many requests may come in a minute from one address by who is not signed in; ${usualLimits.unknown} if not said.`,
    ),
    'link-local-webhooks': z
      .boolean()
      .default(false)
      .describe('Let webhooks be at link-local addresses too, where clouds keep credentials (docs/operating.md).'),
  }),

  async run(options, context) {
    const { data, listen, recipes, roles, types, agents, interval, retain, 'sign-in': signIn, attest } = options
    const { output } = context
    const log = openLog(process.stderr)
    if (types !== undefined) await requireFolder(types, '--types')
    // A recipe can leave a promise behind that nobody waits for; its failure must not take the server along.
    process.on('unhandledRejection', (reason) =>
      log(`A promise that nobody waits for failed: ${inspect(reason)}`, { level: 'error' }),
    )
    const { NOTIFY_SOCKET, WATCHDOG_USEC } = process.env
    const systemd = notifier({ NOTIFY_SOCKET, WATCHDOG_USEC }, log)
    const running = await startServer({
      ...listen,
      data: resolve(data),
      recipes: resolve(recipes),
      roles: resolve(roles),
      types: resolve(types ?? 'types'),
      agents: resolve(agents),
      intervalMs: interval,
      retain,
      signIn: signIn === undefined ? undefined : await readSignInSettings(resolve(signIn)),
      attest: attest === undefined ? undefined : await openAttestation(resolve(attest)),
      hooks: { linkLocal: options['link-local-webhooks'] },
      limits: { user: options['rate-limit'], unknown: options['rate-limit-unknown'] },
      version: packageJson.version,
      log: { level: 'info', to: process.stderr },
    })
    log(`Trivet listens on ${running.url}`, { url: running.url, data: resolve(data) })
    if (running.adminInvitation !== undefined) output.line(`trivet login ${running.adminInvitation}`)
    systemd.ready()
    const interrupted = context.interrupted()
    if (!interrupted.aborted) await once(interrupted, 'abort')
    systemd.stop()
    await running.close()
  },
})

/** AWS's SDK is loaded for those alone who ask for it. */
async function openAttestation(path: string) {
  const settings = await readAttestSettings(path)
  const { openEc2 } = await import('./attest/ec2.ts')
  return { settings, cloud: openEc2() }
}

export const serverCommands = [server, init]
