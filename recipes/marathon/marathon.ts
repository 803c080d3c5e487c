import { defineRecipe, type RecipeContext } from 'trivet/recipe'
import { z } from 'zod'
import { quoted } from '../mesos/daemons.ts'
import { FlagValues } from '../mesos/flags.ts'
import { install, sourceOf, startsOnlyWith } from '../mesos/source.ts'
import { ensembleOf, Zookeeper } from '../zookeeper/ensemble.ts'
import { asFiles, asVariables, flagsOf, readsDirectory } from './flags.ts'

const ready = '/etc/marathon/marathon.ready'
const unpacked = '/opt/marathon'

const Attributes = z.strictObject({
  source: sourceOf('marathon', 'Marathon'),
  version: z
    .string()
    .regex(/^[01]\.\d+\.\d+$/, 'must be a version of Marathon, such as 1.10.26')
    .default('1.10.26')
    .describe('By it the flags are chosen that there are, and whether they are in the environment, as from 1.5 on.'),
  role: z.string().default('marathon').describe('The role whose nodes run Marathon.'),
  masterRole: z.string().default('mesos-master').describe('The role whose nodes are the masters of Mesos.'),
  port: z.int().min(1).max(65535).default(8080).describe('The port of its API and its pages.'),
  mesosZkPath: z
    .string()
    .regex(/^(\/[\w.-]+)+$/)
    .default('/mesos')
    .describe('Where in ZooKeeper the masters of Mesos meet, as mesos.zkPath says.'),
  zkPath: z
    .string()
    .regex(/^(\/[\w.-]+)+$/)
    .default('/marathon')
    .describe('Where in ZooKeeper it keeps its state.'),
  flags: FlagValues.default({}).describe(
    "Flags of Marathon by name, over the recipe's: hostname, by which the others reach it, is the node's address unless set here.",
  ),
  environment: z
    .record(
      z
        .string()
        .regex(/^[A-Z_][A-Z0-9_]*$/)
        .refine((name) => !name.startsWith('MARATHON_'), 'is a flag of Marathon; set it in flags'),
      z.string().regex(/^[^\r\n]*$/, 'must be one line'),
    )
    .default({})
    .describe('Further variables, such as JAVA_HOME, MESOS_NATIVE_JAVA_LIBRARY and LIBPROCESS_PORT.'),
  healthyWithinMs: z.int().min(1000).default(300_000).describe('How long a run waits for a leader.'),
})

export default defineRecipe({
  description: 'Marathon: all nodes of role marathon in the cluster, of which one leads.',
  attributes: Attributes,

  declare(context) {
    const { attributes, directory, file, gate, service } = context
    const { source, masterRole } = attributes
    const ours = { owner: 'root', group: 'root' } as const
    startsOnlyWith(ready, 'marathon', context)
    if (source.archive) declareUnit(context)
    install('marathon', source, unpacked, context, { restart: ['service[marathon]'] })
    directory('/etc/marathon', { mode: '0755', ...ours })
    declareFlags(context)

    gate('a mesos-master is elected, for marathon', { role: masterRole, probe: 'probe[mesos-master]' })
    file(ready, { content: '', mode: '0644', ...ours })
    service('marathon', {
      running: true,
      enabled: true,
      // One that ended without ZooKeeper is known there until its session is over, 10 s after ZooKeeper is whole again, and one of the same name ends
      // at once and is known as long itself.
      retries: 2,
      retryDelayMs: 30_000,
      lease: {
        group: 'marathon',
        max: 1,
        until: 'probe[marathon]',
        last: { http: { url: urlOf(attributes, '/v2/info'), expect: '"elected":\\s*true' } },
      },
    })
    declareProbes(context)
  },
})

type Context = RecipeContext<z.infer<typeof Attributes>>

/** Whoever does not lead asks the leader, so this tells of the whole way. */
function declareProbes({ attributes, probe }: Context) {
  const { healthyWithinMs: withinMs } = attributes
  probe('marathon answers', { http: { url: urlOf(attributes, '/ping'), expect: 'pong' }, withinMs })
  probe('marathon', { http: { url: urlOf(attributes, '/v2/leader'), status: 200 }, withinMs })
}

/** It listens on all addresses unless a flag names one. */
function urlOf({ flags, port }: Pick<Context['attributes'], 'flags' | 'port'>, path: string) {
  const address = flags.http_address ?? '0.0.0.0'
  return `http://${address === '0.0.0.0' ? '127.0.0.1' : String(address)}:${port}${path}`
}

function declareUnit({ systemd_unit, template, user }: Context) {
  user('marathon', { system: true, home: unpacked, shell: '/usr/sbin/nologin' })
  systemd_unit('marathon.service', {
    content: template('marathon.service.njk', { unpacked }),
    notifies: { restart: 'service[marathon]' },
  })
}

function declareFlags(context: Context) {
  const { attributes, attributesOf, cluster, directory, file, node, refuse, text } = context
  const zookeeper = Zookeeper.parse(attributesOf('zookeeper'))
  const { ensembleSize: atLeast } = zookeeper
  const { members } = ensembleOf(cluster.withRole(zookeeper.role, { atLeast }), atLeast)
  const servers = members.map(({ address }) => `${address}:${zookeeper.clientPort}`).join(',')
  const flags = {
    ...flagsOf(attributes.version, attributes.flags, node.address, refuse),
    master: `zk://${servers}${attributes.mesosZkPath}`,
    zk: `zk://${servers}${attributes.zkPath}`,
    http_port: String(attributes.port),
  }
  const access = { owner: 'root', group: 'root', notifies: { restart: 'service[marathon]' } } as const
  const isOld = readsDirectory(attributes.version)
  // Read by its wrapper in the same way as that of Mesos: what is in it is the command line.
  if (isOld)
    directory('/etc/marathon/conf', {
      mode: '0755',
      fileMode: '0644',
      purge: true,
      content: asFiles(attributes.version, flags, text),
      ...access,
    })
  const variables = { ...attributes.environment, ...(isOld ? {} : asVariables(attributes.version, flags, refuse)) }
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${quoted(value)}\n`)
  file('/etc/default/marathon', {
    content: `# Managed by Trivet, recipe marathon.\n${lines.join('')}`,
    mode: '0644',
    ...access,
  })
}
