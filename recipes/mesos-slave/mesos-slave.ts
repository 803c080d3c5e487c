import { defineRecipe, type RecipeContext } from 'trivet/recipe'
import { z } from 'zod'
import { asEnvironment, asFiles, Mesos, readyFile, takenByBoth, vocabularyOf } from '../mesos/daemons.ts'
import { FlagValues, flagsFor } from '../mesos/flags.ts'

const Named = z.record(
  z.string().regex(/^[A-Za-z0-9_][\w.-]*$/),
  z.string().regex(/^[^;\r\n]+$/, 'must be one line without ;'),
)

const Attributes = z.strictObject({
  masterRole: z.string().default('mesos-master').describe('The role whose nodes are the masters.'),
  port: z.int().min(1).max(65535).default(5051).describe('The port for masters and executors.'),
  attributes: Named.default({}).describe('What tells this slave from others, by name: rack, zone.'),
  resources: Named.default({}).describe(
    'What it offers, by name: cpus, mem, ports. Of what is left out Mesos offers what it finds.',
  ),
  flags: FlagValues.default({}).describe(
    "Flags of mesos-slave by name, over the recipe's: hostname, by which tasks are found, is the node's address unless set here.",
  ),
  healthyWithinMs: z.int().min(1000).default(180_000).describe('How long a run waits until it is registered.'),
})

/** What Mesos compares with its checkpoint when it starts, beside its attributes and resources; with others it does not start. */
const identifying = ['hostname', 'port', 'domain']

/** Mesos 1.11 knows control groups of version 1 alone, and Debian has version 2. */
const standard = {
  containerizers: 'docker,mesos',
  executor_registration_timeout: '5mins',
  launcher: 'posix',
  isolation: 'posix/cpu,posix/mem',
  systemd_enable_support: false,
}

export default defineRecipe({
  description: 'A slave of Mesos, on which tasks run.',
  attributes: Attributes,

  declare(context) {
    const { attributes, attributesOf, file, gate, node, probe, service } = context
    const mesos = Mesos.parse(attributesOf('mesos'))
    const all = flagsOf(context)
    const identity = Object.fromEntries(Object.entries(all).filter(isIdentity))
    const others = Object.fromEntries(Object.entries(all).filter((one) => !isIdentity(one)))

    declareIdentity(context, identity)
    if (mesos.source.archive === undefined) declareFiles(context, { ...identity, ...others })
    else declareEnvironment(context, others)

    gate('a mesos-master is elected, for mesos-slave', { role: attributes.masterRole, probe: 'probe[mesos-master]' })
    file(readyFile('slave'), { content: '', mode: '0644', owner: 'root', group: 'root' })
    service('mesos-slave', {
      running: true,
      enabled: true,
      lease: { group: 'mesos-slave', max: '20%', until: 'probe[mesos-slave]' },
    })
    probe('mesos-slave', {
      http: {
        url: `http://${String(attributes.flags.ip ?? node.address)}:${attributes.port}/metrics/snapshot`,
        expect: '"slave\\\\?/registered":\\s*1(\\.0*)?[,}\\s]',
      },
      withinMs: attributes.healthyWithinMs,
    })
  },
})

type Context = RecipeContext<z.infer<typeof Attributes>>

type Texts = Record<string, string>

function isIdentity([name]: [string, string]) {
  return identifying.includes(name)
}

const ours = { owner: 'root', group: 'root' } as const
const restart = { restart: 'service[mesos-slave]' } as const
const access = { mode: '0644', ...ours, notifies: restart } as const

function flagsOf({ attributes, attributesOf, node, refuse }: Context) {
  const { version, workDir } = Mesos.parse(attributesOf('mesos'))
  const taken = {
    ...takenByBoth,
    master: 'set mesos.zkPath; the servers are those of role zookeeper',
    attributes: 'set mesos-slave.attributes, by the name of each',
    resources: 'set mesos-slave.resources, by the name of each',
  }
  const given = { attribute: 'mesos-slave.flags', flags: attributes.flags, taken }
  const flags = flagsFor(
    vocabularyOf('slave', version),
    { ...given, standard: { ip: node.address, hostname: node.address, ...standard } },
    refuse,
  )
  return { ...flags, port: String(attributes.port), work_dir: workDir }
}

/**
 * Before each start, whoever asks for it, who it is now is compared with who it was: with another identity than in its checkpoint Mesos would not
 * start, so it starts as new. Its tasks are lost with it.
 */
function declareIdentity({ attributes, attributesOf, file }: Context, identity: Texts) {
  const tags = { attributes: joined(attributes.attributes), resources: joined(attributes.resources) }
  const given = Object.fromEntries(Object.entries(tags).filter(([, text]) => text !== ''))
  const now = '/etc/default/mesos-slave-identity'
  file(now, { content: asEnvironment('mesos-slave', { ...identity, ...given }), ...access })
  const { workDir } = Mesos.parse(attributesOf('mesos'))
  const [before, latest] = [`${workDir}/trivet-identity`, `${workDir}/meta/slaves/latest`]
  // Recipe mesos makes the folder, for the condition that the unit starts by.
  file('/etc/systemd/system/mesos-slave.service.d/identity.conf', {
    content: `# Managed by Trivet, recipe mesos-slave: one that has become another starts as new.
[Service]
ExecStartPre=/bin/sh -c 'cmp -s "$$0" "$$1" || { rm -f "$$2" && cp "$$0" "$$1"; }' "${now}" "${before}" "${latest}"
`,
    ...access,
  })
}

function joined(named: Texts) {
  return Object.entries(named)
    .map(([name, value]) => `${name}:${value}`)
    .join(';')
}

/** As the wrapper of the package reads them. The directory is the command line, so nothing else may be there. */
function declareFiles({ attributes, directory, file, text }: Context, flags: Texts) {
  const folder = '/etc/mesos-slave'
  const owned = { mode: '0755', fileMode: '0644', purge: true, ...ours, notifies: restart } as const
  directory(folder, { ...owned, content: asFiles(flags, text) })
  for (const part of ['attributes', 'resources'] as const)
    directory(`${folder}/${part}`, { ...owned, content: asFiles(attributes[part], text) })
  file('/etc/default/mesos-slave', {
    content: '# Managed by Trivet, recipe mesos-slave.\nMASTER=`cat /etc/mesos/zk`\n',
    ...access,
  })
}

function declareEnvironment({ attributesOf, file }: Context, others: Texts) {
  const { logDir } = Mesos.parse(attributesOf('mesos'))
  const plain = { master: 'file:///etc/mesos/zk', log_dir: logDir, ...others }
  file('/etc/default/mesos-slave', { content: asEnvironment('mesos-slave', plain), ...access })
}
