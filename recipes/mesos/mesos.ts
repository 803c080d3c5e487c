import { defineRecipe, type RecipeContext } from 'trivet/recipe'
import { z } from 'zod'
import { ensembleOf, Zookeeper } from '../zookeeper/ensemble.ts'
import { kinds, readyFile, unpacked } from './daemons.ts'
import { install, sourceOf, startsOnlyWith } from './source.ts'

const Attributes = z.strictObject({
  source: sourceOf('mesos', 'Mesos'),
  version: z
    .string()
    .regex(/^(0\.2\d|1\.\d+)\.\d+$/, 'must be a version of Mesos, such as 1.11.0 or 0.21.0')
    .default('1.11.0')
    .describe('By it the flags are chosen that there are: those of 1.11, or below 1.0 those of 0.21.'),
  master: z.boolean().default(false).describe('Whether mesos-master may run here; else it is masked.'),
  slave: z.boolean().default(false).describe('Whether mesos-slave may run here; else it is masked.'),
  zkPath: z
    .string()
    .regex(/^(\/[\w.-]+)+$/)
    .default('/mesos')
    .describe('Where in ZooKeeper the masters meet.'),
  workDir: z.string().startsWith('/').default('/var/lib/mesos').describe('Where both daemons keep their state.'),
  logDir: z.string().startsWith('/').default('/var/log/mesos').describe('Where both daemons log to.'),
})

export default defineRecipe({
  description:
    'Mesos itself and where its ZooKeeper is; what must not run on this kind of node is masked before it comes.',
  attributes: Attributes,

  declare(context) {
    const { attributes, directory, file } = context
    const ours = { owner: 'root', group: 'root' } as const
    const running = kinds.filter((kind) => attributes[kind])
    const notifies = { restart: running.map((kind) => `service[mesos-${kind}]` as const) }

    // With the quorum of 1 that its package brings, a master that starts on a slave would take part in the elections.
    for (const kind of kinds)
      if (attributes[kind]) startsOnlyWith(readyFile(kind), `mesos-${kind}`, context)
      else context.service(`mesos-${kind}`, { masked: true })

    if (attributes.source.archive) declareUnits(context, running)
    install('mesos', attributes.source, unpacked, context, notifies)
    directory('/etc/mesos', { mode: '0755', ...ours })
    for (const path of [attributes.workDir, attributes.logDir]) directory(path, { mode: '0755', ...ours })
    const content = `zk://${zookeepersOf(context)}${attributes.zkPath}\n`
    file('/etc/mesos/zk', { content, mode: '0644', ...ours, notifies })
    file('/etc/default/mesos', {
      content: `# Managed by Trivet, recipe mesos.\nULIMIT="-n 8192"\nLOGS=${attributes.logDir}\n`,
      mode: '0644',
      ...ours,
      notifies,
    })
  },
})

type Context = RecipeContext<z.infer<typeof Attributes>>

function zookeepersOf({ attributesOf, cluster }: Context) {
  const { role, ensembleSize, clientPort } = Zookeeper.parse(attributesOf('zookeeper'))
  const { members } = ensembleOf(cluster.withRole(role, { atLeast: ensembleSize }), ensembleSize)
  return members.map(({ address }) => `${address}:${clientPort}`).join(',')
}

/** An archive has none. Its programs are started as they are, without the wrapper of the packages, and find their flags in the environment. */
function declareUnits({ systemd_unit, template }: Context, running: typeof kinds) {
  for (const kind of running)
    systemd_unit(`mesos-${kind}.service`, {
      content: template('mesos.service.njk', { kind, unpacked }),
      notifies: { restart: `service[mesos-${kind}]` },
    })
}
