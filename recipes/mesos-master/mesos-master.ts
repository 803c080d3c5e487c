import { defineRecipe, type RecipeContext } from 'trivet/recipe'
import { z } from 'zod'
import { asEnvironment, asFiles, isOf2014, Mesos, readyFile, takenByBoth, vocabularyOf } from '../mesos/daemons.ts'
import { FlagValues, flagsFor } from '../mesos/flags.ts'
import { ensembleOf, mostAtOnce, namesOf, quorumOf, standsStill, Zookeeper } from '../zookeeper/ensemble.ts'

const Attributes = z.strictObject({
  role: z.string().default('mesos-master').describe('The role whose nodes are the masters.'),
  ensembleSize: z
    .int()
    .min(1)
    .optional()
    .describe(
      'How many masters there are; the quorum follows from it. Left out, as many as zookeeper.ensembleSize says.',
    ),
  port: z.int().min(1).max(65535).default(5050).describe('The port for slaves, frameworks and people.'),
  flags: FlagValues.default({}).describe(
    "Flags of mesos-master by name, over the recipe's: hostname, where its pages lead people to, is the node's address unless set here.",
  ),
  healthyWithinMs: z.int().min(1000).default(180_000).describe('How long a run waits for a master to be elected.'),
})

export default defineRecipe({
  description: 'A master of Mesos: the first nodes of role mesos-master in the cluster, as many as the ensemble has.',
  attributes: Attributes,

  declare(context) {
    const { attributes, attributesOf, cluster, node, file, gate, service } = context
    const { role } = attributes
    const zookeeper = Zookeeper.parse(attributesOf('zookeeper'))
    const size = attributes.ensembleSize ?? zookeeper.ensembleSize
    const { members, spares } = ensembleOf(cluster.withRole(role, { atLeast: size }), size)
    const before = members.findIndex(({ name }) => name === node.name)
    if (before === -1) return declareSpare(context, size)

    // With more masters than twice the quorum less one, two majorities could write the log: who leaves is gone before the quorum falls.
    if (spares.length > 0) gate(...goneFrom(role, namesOf(spares), spares.length))
    declareFlags(context, quorumOf(size))

    const voters = quorumOf(zookeeper.ensembleSize)
    const quorumOfZookeeper = 'zookeeper has a quorum, for mesos-master'
    const further = before >= quorumOf(size) && risen(role, quorumOf(size), before)
    gate(quorumOfZookeeper, {
      role: zookeeper.role,
      probe: 'probe[zookeeper]',
      atLeast: voters,
    })
    // As many as the quorum may start at once. Each further one waits until all before it run with this quorum: so those that come to a
    // running ensemble start when it has risen, and one after the other.
    if (further) gate(...further)
    file(readyFile('master'), { content: '', mode: '0644', owner: 'root', group: 'root' })
    service('mesos-master', {
      running: true,
      enabled: true,
      lease: {
        group: 'mesos-master',
        max: mostAtOnce(size),
        until: 'probe[mesos-master has its log]',
        // One that is to come waits until the others have restarted, so they do not wait for it.
        from: `gate[${further ? further[0] : quorumOfZookeeper}]`,
        last: { http: { url: urlOf(context, '/metrics/snapshot'), expect: metric('master/elected') } },
      },
    })
    declareProbes(context, quorumOf(size))
  },
})

type Context = RecipeContext<z.infer<typeof Attributes>>

/** It may have been a master: it ends when all others are well, so that they can do without, and cannot start again. */
function declareSpare({ attributes, node, file, gate, probe, service }: Context, size: number) {
  const { role } = attributes
  gate(`the masters are well without ${node.name}`, { role, probe: 'probe[mesos-master]', atLeast: size })
  file(readyFile('master'), { ensure: 'absent' })
  service('mesos-master', { running: false, enabled: false })
  probe('mesos-master stands still', standsStill('mesos-master'))
}

function goneFrom(role: string, names: string, atLeast: number) {
  return [
    `mesos-master stands still on ${names}`,
    { role, probe: 'probe[mesos-master stands still]' as const, atLeast },
  ] as const
}

function risen(role: string, quorum: number, atLeast: number) {
  const probe = `probe[mesos-master has quorum ${quorum}]` as const
  return [`${atLeast} masters have quorum ${quorum}`, { role, probe, atLeast }] as const
}

function declareFlags({ attributes, attributesOf, directory, file, node, refuse, text }: Context, quorum: number) {
  const mesos = Mesos.parse(attributesOf('mesos'))
  const taken = {
    ...takenByBoth,
    zk: 'set mesos.zkPath; the servers are those of role zookeeper',
    quorum: 'it follows from the number of masters: set mesos-master.ensembleSize, or zookeeper.ensembleSize for both',
  }
  const given = { attribute: 'mesos-master.flags', flags: attributes.flags, taken }
  const standard = { ip: node.address, hostname: node.address }
  const flags = {
    ...flagsFor(vocabularyOf('master', mesos.version), { ...given, standard }, refuse),
    quorum: String(quorum),
    work_dir: mesos.workDir,
  }
  const isPlain = mesos.source.archive !== undefined
  const plain = { zk: 'file:///etc/mesos/zk', port: String(attributes.port), log_dir: mesos.logDir, ...flags }
  const ours = { owner: 'root', group: 'root', notifies: { restart: 'service[mesos-master]' } } as const
  file('/etc/default/mesos-master', {
    content: isPlain ? asEnvironment('mesos-master', plain) : wrapped(attributes.port),
    mode: '0644',
    ...ours,
  })
  // The directory is the command line: a file too many is a flag too many, and the master does not start.
  if (!isPlain)
    directory('/etc/mesos-master', {
      mode: '0755',
      fileMode: '0644',
      purge: true,
      content: asFiles(flags, text),
      ...ours,
    })
}

/** Read as a shell script by the wrapper of the package. */
function wrapped(port: number) {
  return `# Managed by Trivet, recipe mesos-master.\nPORT=${port}\nZK=\`cat /etc/mesos/zk\`\n`
}

function declareProbes(context: Context, quorum: number) {
  const { attributes, attributesOf, probe } = context
  const withinMs = attributes.healthyWithinMs
  const isOld = isOf2014(Mesos.parse(attributesOf('mesos')).version)
  // Any master answers it, and leads to the one that is elected; without one it is 503. In 2014 it led to itself then, but said so.
  const knowsLeader = isOld
    ? { url: urlOf(context, '/master/state.json'), expect: '"leader":\\s*"master@' }
    : { url: urlOf(context, '/redirect'), status: 307 }
  const settings = urlOf(context, isOld ? '/master/state.json' : '/flags')
  probe('mesos-master', { http: knowsLeader, withinMs })
  probe('mesos-master has its log', {
    http: { url: urlOf(context, '/metrics/snapshot'), expect: metric('registrar/log/recovered') },
    withinMs,
  })
  probe(`mesos-master has quorum ${quorum}`, { http: { url: settings, expect: `"quorum":\\s*"${quorum}"` }, withinMs })
}

/** It listens on this address alone. */
function urlOf({ attributes, node }: Context, path: string) {
  return `http://${String(attributes.flags.ip ?? node.address)}:${attributes.port}${path}`
}

/** In JSON, where a slash may be written with a backslash before it. */
function metric(name: string) {
  return `"${name.replaceAll('/', '\\\\?/')}":\\s*1(\\.0*)?[,}\\s]`
}
