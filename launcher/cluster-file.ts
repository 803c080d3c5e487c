import { type Document, LineCounter, parseDocument } from 'yaml'
import { z } from 'zod'
import { messageOf } from '../protocol/errors.ts'
import { isRecord } from '../protocol/is-record.ts'
import { Name } from '../protocol/name.ts'
import { describeFaults } from './describe-faults.ts'

const network = 'must be an address with a prefix, such as 10.0.0.0/8'
const Cidr = z.union([z.cidrv4(network), z.cidrv6(network)])
const Port = z.int().min(0).max(65_535)

/** One image, whichever of its ways it is named. An image by name without its owner may be anybody's. */
const imageWays = 'must be ami-…, { ssm: /aws/service/… }, or { owner: ACCOUNT, name: NAME }'
const Image = z.union(
  [
    z.string().regex(/^ami-[0-9a-f]{8,17}$/, imageWays),
    z.strictObject({
      ssm: z
        .string()
        .startsWith('/aws/service/', 'must be one of AWS, such as /aws/service/debian/release/13/latest/amd64')
        .describe('The public SSM parameter that holds the id.'),
    }),
    z.strictObject({
      owner: z
        .string()
        .regex(/^(\d{12}|amazon|self)$/, 'must be an account of twelve digits, amazon or self')
        .describe('Whose image it is; Debian is 136693071363, Canonical 099720109477.'),
      name: z.string().min(1).describe('Its name; * stands for anything, and the newest is taken.'),
      architecture: z.enum(['x86_64', 'arm64']).default('x86_64').describe('Which of those of that name.'),
    }),
  ],
  imageWays,
)

const Volume = z
  .strictObject({
    device: z
      .string()
      .regex(/^(root|\/dev\/(sd[f-p]|xvd[f-p]))$/, 'must be root, or /dev/sdf to /dev/sdp')
      .describe('`root` is the disk of the image, whatever the image calls it.'),
    sizeGiB: z.int().min(1).max(65_536),
    type: z.enum(['gp3', 'gp2', 'io1', 'io2', 'st1', 'sc1', 'standard']).default('gp3'),
    iops: z.int().min(100).max(256_000).optional(),
    throughputMiBs: z.int().min(125).max(2000).optional().describe('gp3 alone.'),
    kmsKey: z
      .string()
      .optional()
      .describe('The key it is encrypted with; that of the account if not said. All are encrypted.'),
    keep: z.boolean().default(false).describe('Whether it stays when its instance goes.'),
  })
  .refine(({ type, iops }) => iops !== undefined || !['io1', 'io2'].includes(type), {
    path: ['iops'],
    message: 'is missing; io1 and io2 need it',
  })
  .refine(({ type, throughputMiBs }) => throughputMiBs === undefined || type === 'gp3', {
    path: ['throughputMiBs'],
    message: 'is for gp3 alone',
  })

/** Who may come in. Nothing is open that is not written here. */
const Rule = z
  .strictObject({
    ports: z
      .union([Port, z.tuple([Port, Port])], 'must be a port, or from and to, such as [8000, 8100]')
      .describe('One, or from and to.'),
    protocol: z.enum(['tcp', 'udp', 'icmp']).default('tcp'),
    from: z
      .union(
        [z.literal('anywhere'), Cidr, z.strictObject({ group: Name })],
        'must be a network such as 10.0.0.0/8, { group: NAME }, or anywhere',
      )
      .describe('A network, all nodes of a group, or anywhere.'),
  })
  .refine(({ ports, protocol }) => protocol === 'icmp' || !Array.isArray(ports) || ports[0] <= ports[1], {
    path: ['ports'],
    message: 'must go from the lower to the higher port',
  })
  .describe('Who may come in, and where.')

const Tags = z
  .record(z.string().min(1).max(128), z.string().max(256))
  .refine(
    (tags) => Object.keys(tags).every((key) => !/^((aws|trivet):|Name$)/i.test(key)),
    'Name, and tags that begin with aws: or trivet:, are not yours to set',
  )
  // Of the fifty that AWS allows we set seven.
  .refine((tags) => Object.keys(tags).length <= 43, 'at most 43 tags')

const machine = {
  image: Image,
  instanceTypes: z
    .array(z.string().regex(/^[a-z0-9-]+\.[a-z0-9-]+$/, 'must be such as t3.small'))
    .min(1)
    .max(20)
    .describe('In the order of preference: the next is tried where there is no room for the one before.'),
  subnets: z
    .array(z.string().regex(/^subnet-[0-9a-f]+$/, 'subnet-…'))
    .min(1)
    .optional(),
  zones: z
    .array(z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d[a-z]$/, 'such as eu-west-1a'))
    .min(1)
    .optional()
    .describe('Zones of the default network, where no subnets are said.'),
  volumes: z
    .array(Volume)
    .max(12)
    .refine((volumes) => new Set(volumes.map(({ device }) => device)).size === volumes.length, 'has a device twice')
    .default([]),
  publicAddress: z
    .enum(['none', 'changing', 'kept'])
    .default('none')
    .describe('`changing` is another after each stop; `kept` is an elastic address.'),
  securityRules: z.array(Rule).max(60).default([]),
  keyPair: z.string().max(255).optional().describe('An EC2 key pair, for SSH; none is needed.'),
  sshUser: z
    .string()
    .regex(/^[a-z_][a-z0-9_-]*$/)
    .default('admin')
    .describe('Who the image lets in by SSH, for status and inventory: admin on Debian, ubuntu, ec2-user.'),
  market: z.enum(['on-demand', 'spot']).default('on-demand'),
  iamProfile: z.string().max(128).optional().describe('The name of an instance profile.'),
  metadataHops: z
    .int()
    .min(1)
    .max(64)
    .default(1)
    .describe('How far the metadata service answers: 1 keeps containers from the rights of the node.'),
  tags: Tags.default({}),
  isProtected: z
    .boolean()
    .default(false)
    .describe('Whether EC2 refuses to terminate its nodes until that is taken back.'),
}

const own = {
  count: z.int().min(0).max(1000),
  roles: z
    .array(Name)
    .refine((roles) => new Set(roles).size === roles.length, 'has a role twice')
    .default([]),
  urls: z
    .record(z.string().min(1), z.string().regex(/^https?:\/\/.*\{address\}/, 'must be such as http://{address}:8080'))
    .default({})
    .describe('What its nodes serve, for trivet launch status: {address} is that of each node.'),
  spread: z
    .boolean()
    .default(false)
    .describe('Whether its nodes must not all be in one zone, as a quorum must not: then that is refused, not done.'),
}
const Group = z.strictObject({ ...machine, ...own })

const file = {
  cluster: Name.describe('What the nodes are in, on the server too; each node is called CLUSTER-GROUP-N.'),
  region: z
    .string()
    .regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'must be such as eu-west-1')
    .optional()
    .describe('That of the environment or the profile, as AWS tools take it, if not said.'),
  accounts: z
    .array(z.string().regex(/^\d{12}$/, 'must be twelve digits, in quotes'))
    .optional()
    .describe('The only accounts in which it may be made.'),
  enrolment: z
    .enum(['token', 'attested'])
    .default('token')
    .describe(
      'How its nodes join: by a token in their user data, or `attested`, by the identity document of their instance, as the server lets in by --attest.',
    ),
}

/** As people write it. What a group does not say is as `defaults` has it. */
const Written = z.strictObject({
  ...file,
  defaults: z
    .strictObject(machine)
    .partial()
    .optional()
    .describe('What holds for each group that does not say otherwise.'),
  groups: z.record(Name, z.strictObject({ ...z.strictObject(machine).partial().shape, ...own })),
})

const Checked = z
  .strictObject({
    ...file,
    /** By now in the groups. */
    defaults: z.never('must be an object, as a group is').optional(),
    groups: z.record(Name, Group).refine((groups) => Object.keys(groups).length > 0, 'a cluster needs a group'),
  })
  .superRefine(({ cluster, groups }, context) => {
    const wrong = (path: (string | number)[], message: string) =>
      context.addIssue({ code: 'custom', path: ['groups', ...path], message })
    for (const [name, { count, securityRules, market, spread, subnets, zones, isProtected }] of Object.entries(
      groups,
    )) {
      for (const [index, { from }] of securityRules.entries()) {
        if (typeof from === 'object' && !groups[from.group])
          wrong([name, 'securityRules', index, 'from'], `there is no group ${from.group}`)
      }
      if (`${cluster}-${name}-${count}`.length > 63)
        wrong([name], `its nodes would be called ${cluster}-${name}-${count}: a name has at most 63 characters`)
      if (market === 'spot' && spread)
        wrong([name, 'market'], 'a quorum is not for spot, whose nodes go when EC2 wants them')
      if (market === 'spot' && isProtected)
        wrong([name, 'isProtected'], 'EC2 takes spot nodes when it wants them, protected or not')
      if (subnets && zones) wrong([name, 'zones'], 'subnets are in zones already: say one of both')
    }
  })
const keys = [...Object.keys(file), 'defaults', 'groups', ...Object.keys(Group.shape)]
for (const part of [Volume, Rule]) keys.push(...Object.keys(part.shape))

/** A cluster file, checked, with the defaults in each group. */
export type ClusterFile = z.infer<typeof Checked>
export type Group = z.infer<typeof Group>

/** The cluster file could not be read as one. */
export class ClusterFileError extends Error {
  override name = 'ClusterFileError'
}

/** Reads what stands in the file at `path`; a ClusterFileError names it, the place and what is wrong. */
export function parseClusterFile(text: string, path: string): ClusterFile {
  const lines = new LineCounter()
  const document = parseDocument(text, { uniqueKeys: true, lineCounter: lines })
  const [broken] = document.errors
  if (broken) throw new ClusterFileError(`${path}: ${broken.message}`)
  const written = valueOf(document, path)
  if (written === null) throw new ClusterFileError(`${path} is empty. A cluster file begins with cluster: NAME.`)
  const { success, data, error } = Checked.safeParse(withDefaults(written))
  if (success) return data
  throw new ClusterFileError(describeFaults(error.issues, { path, document, lines, written, keys }))
}

/** An alias of nothing, or ever so many of each other, are found only now. */
function valueOf(document: Document, path: string): unknown {
  try {
    return document.toJS()
  } catch (error) {
    throw new ClusterFileError(`${path}: ${messageOf(error)}`, { cause: error })
  }
}

/** Anything else than mappings is left as it is, for the schema to refuse. */
function withDefaults(written: unknown): unknown {
  if (!isRecord(written)) return written
  const { defaults: said, groups, ...rest } = written
  const defaults = said ?? undefined
  if (!isRecord(groups)) return { ...rest, ...('groups' in written && { groups }) }
  if (defaults !== undefined && !isRecord(defaults)) return written
  const whole = Object.entries(groups).map(([name, group]) => [
    name,
    isRecord(group) ? { ...defaults, ...group } : group,
  ])
  return { ...rest, groups: Object.fromEntries(whole) }
}

/** For editors: the JSON schema of the file as it is written. */
export function clusterFileSchema() {
  return z.toJSONSchema(Written, { io: 'input' })
}
