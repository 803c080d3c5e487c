import { defineRecipe, type RecipeContext } from 'trivet/recipe'
import { z } from 'zod'
import { declareProgram, Source } from './source.ts'

const Attributes = z.strictObject({
  serverRole: z
    .string()
    .default('consul-server')
    .describe('The role whose nodes are servers; all others with this recipe are clients.'),
  servers: z
    .int()
    .min(1)
    .default(3)
    .describe('How many servers must have joined before any node starts, and how many elect the first leader.'),
  datacenter: z
    .string()
    .regex(/^[a-z0-9_-]+$/)
    .default('dc1')
    .describe('The name of the data centre.'),
  encryptKey: z
    .base64()
    .length(44)
    .optional()
    .describe('The key of the gossip, 32 bytes in base64, as `consul keygen` makes it. Without it gossip is in clear.'),
  clientAddress: z.string().default('127.0.0.1').describe('Where HTTP (8500) and DNS (8600) are served.'),
  ui: z.boolean().default(false).describe('Whether servers show their pages too.'),
  logLevel: z.enum(['trace', 'debug', 'info', 'warn', 'err']).default('info').describe('What goes to the journal.'),
  onlyPassing: z
    .boolean()
    .default(true)
    .describe('Whether DNS leaves out what only warns; what is critical it leaves out in any case.'),
  source: Source,
})
type Context = RecipeContext<z.output<typeof Attributes>>

export default defineRecipe({
  description: 'An agent of Consul: a server on nodes of one role, a client elsewhere.',

  attributes: Attributes,

  declare(context) {
    const { attributes, node, directory, probe, service, systemd_unit, template } = context
    const isServer = node.roles.includes(attributes.serverRole)
    const program = declareProgram(context)

    directory('/etc/consul.d', { mode: '0755' })
    directory('/var/lib/consul', { mode: '0700', owner: 'consul', group: 'consul' })
    declareSettings(context, isServer, program)
    // Of our own, as not every source has one, and those there are differ in when they start again.
    systemd_unit('consul.service', {
      content: template('consul.service.njk', { program }),
      notifies: { restart: 'service[consul]' },
    })
    service('consul', {
      running: true,
      enabled: true,
      ...(isServer && { lease: { group: 'consul-server', max: 1, until: 'probe[consul]', last: leads } }),
    })
    // Empty where there is no leader, which a client must know as well.
    probe('consul', {
      http: { url: 'http://127.0.0.1:8500/v1/status/leader', expect: '^"[^"]+:[0-9]+"' },
      withinMs: 180_000,
    })
  },
})

const leads = { http: { url: 'http://127.0.0.1:8500/v1/agent/self', expect: '"leader": ?"true"' } }

const settingsIn = (name: string) => `/etc/consul.d/trivet-${name}.json`

function declareSettings({ attributes, node, cluster, file }: Context, isServer: boolean, program: string) {
  const servers = cluster.withRole(attributes.serverRole, { atLeast: attributes.servers })
  // Only with what stands in the first file is another valid.
  const settings = (content: Record<string, unknown>, beside: string[]) => ({
    content: `${JSON.stringify(content, null, 2)}\n`,
    mode: '0640',
    owner: 'root',
    group: 'consul',
    verify: [program, 'validate', '-quiet', '-config-format=json', ...beside, '{}'] as [string, ...string[]],
  })
  const restart = { notifies: { restart: 'service[consul]' } } as const

  const fixed = {
    node_name: node.name,
    datacenter: attributes.datacenter,
    data_dir: '/var/lib/consul',
    server: isServer,
    ...(isServer && { bootstrap_expect: attributes.servers, ui: attributes.ui }),
    bind_addr: node.address,
    advertise_addr: node.address,
    client_addr: attributes.clientAddress,
    // A client leaves by default when it ends, and all that runs on its node is forgotten with it; a restart is no leave.
    leave_on_terminate: false,
  }
  file(settingsIn('fixed'), { ...settings(fixed, []), ...restart })

  // Consul takes these by a reload, or only at its next start: a new server is told of the others by gossip.
  const live = {
    log_level: attributes.logLevel,
    retry_join: servers.map(({ address }) => address),
    dns_config: { only_passing: attributes.onlyPassing },
  }
  const beside = [settingsIn('fixed')]
  file(settingsIn('live'), { ...settings(live, beside), notifies: { reload: 'service[consul]' } })

  const encrypt = attributes.encryptKey
  if (encrypt === undefined) file(settingsIn('encrypt'), { ensure: 'absent', ...restart })
  else file(settingsIn('encrypt'), { ...settings({ encrypt }, beside), sensitive: true, backup: false, ...restart })
}
