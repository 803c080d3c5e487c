import { randomUUID } from 'node:crypto'
import type { z } from 'zod'
import { type AttestedEnrolment, attestedText, type Enrolled } from '../../protocol/enrolment.ts'
import { Name } from '../../protocol/name.ts'
import { isSignedBy } from '../agents/proof.ts'
import { ApiFault } from '../api/fault.ts'
import type { Catalogs } from '../catalogs.ts'
import type { AttestedEnrolling, AttestedStore } from '../store/attested.ts'
import type { Cloud, Instance } from './cloud.ts'
import { DocumentError, type IdentityDocument, verifyDocument } from './identity-document.ts'
import type { AttestSettings } from './settings.ts'

export interface AttestParts {
  store: AttestedStore
  catalogs: Pick<Catalogs, 'refresh'>
  clock: () => number
  failed: (error: unknown) => void
}

type Asked = z.infer<typeof AttestedEnrolment>

/** As the launcher tags what it makes. */
const tagKeys = { cluster: 'trivet:cluster', group: 'trivet:group', node: 'trivet:node' }
const askAgainMs = 3000
const mostRootLateMs = 60_000

/** Makes the node that the tags of an instance say, or says why not. `from` is the address that asks. */
export async function enrolAttested(
  parts: AttestParts & { settings: AttestSettings; cloud: Cloud },
  asked: Asked,
  from: string,
) {
  const { store, catalogs, clock, settings } = parts
  const { document: signed, key, signature } = asked
  if (!isSignedBy(key, attestedText(signed), signature))
    throw new ApiFault(
      'not-proven',
      'The signature over the document is not by this key. Enrol with the key of the node.',
    )
  const document = await requireDocument(signed, settings)
  const instance = await requireInstance(parts, document)
  requireFresh(instance, clock(), settings)
  requireAddress(instance, from, settings)
  requireRootVolume(instance, settings)
  const { name, cluster, roles } = placeOf(instance, settings)
  if (asked.name !== undefined && asked.name !== name)
    throw new ApiFault('wrong-name', `Instance ${instance.id} is tagged as ${name}, not as ${asked.name}.`)
  const { accountId: account, instanceId: id, region } = document
  const by = { author: `instance ${id}`, at: clock(), from }
  const result = await store.enrolAttested({ id, account, region }, { id: randomUUID(), name, key, cluster, roles }, by)
  if (result.status !== 'enrolled') throw refused(result.status, name, id)
  await catalogs.refresh()
  return { id: result.node.id, node: result.node.name } satisfies z.infer<typeof Enrolled>
}

async function requireDocument(signed: string, { certificates, accounts }: AttestSettings) {
  try {
    const document = await verifyDocument(signed, certificates)
    if (accounts.includes(document.accountId)) return document
    throw new DocumentError(`instances of account ${document.accountId} are not let in`)
  } catch (error) {
    if (!(error instanceof DocumentError)) throw error
    throw new ApiFault('not-attested', `The instance identity document is not believed: ${error.message}.`)
  }
}

/** As EC2 itself knows it. */
async function requireInstance(
  { cloud, failed }: AttestParts & { cloud: Cloud },
  { region, instanceId, accountId }: IdentityDocument,
) {
  let found: Instance[]
  try {
    found = await cloud.find(region, [instanceId])
  } catch (error) {
    failed(error)
    const why = 'The server cannot ask EC2 about instances; its log has the cause.'
    throw new ApiFault('cloud-away', why, { retryAfterMs: askAgainMs })
  }
  const instance = found.find(({ id }) => id === instanceId)
  // Just launched it may not be seen yet.
  if (!instance)
    throw new ApiFault('instance-unseen', `EC2 shows no instance ${instanceId} to the server.`, {
      retryAfterMs: askAgainMs,
    })
  if (instance.account !== accountId)
    throw distrusted(instance, `is of account ${instance.account}, not of ${accountId}`)
  if (instance.state !== 'running' && instance.state !== 'pending') throw distrusted(instance, `is ${instance.state}`)
  return instance
}

function requireFresh(instance: Instance, now: number, { launchedWithinMinutes }: AttestSettings) {
  if (now - instance.launchedAt <= launchedWithinMinutes * 60_000) return
  const at = new Date(instance.launchedAt).toISOString()
  throw distrusted(instance, `was launched at ${at}, more than ${launchedWithinMinutes} minutes ago`)
}

function requireAddress(instance: Instance, from: string, { checkAddress }: AttestSettings) {
  // So a socket of both families calls one of IPv4.
  if (!checkAddress || instance.addresses.includes(from.replace(/^::ffff:/, ''))) return
  throw distrusted(instance, `does not have the address ${from} that this comes from`)
}

/** Both are attached at the launch. A volume that came later may hold anything: so does SPIRE's attestor of AWS see it, with the same minute. */
function requireRootVolume(instance: Instance, { checkRootVolume }: AttestSettings) {
  const { rootLateMs } = instance
  if (!checkRootVolume || rootLateMs === undefined || rootLateMs <= mostRootLateMs) return
  throw distrusted(instance, 'has another root volume than it was launched with')
}

function placeOf(instance: Instance, { clusters }: AttestSettings) {
  const { [tagKeys.cluster]: cluster = '', [tagKeys.group]: group = '', [tagKeys.node]: node } = instance.tags
  const roles = Object.hasOwn(clusters, cluster) ? clusters[cluster] : undefined
  if (!roles) throw distrusted(instance, `is tagged ${tagKeys.cluster}=${cluster}, a cluster that is not let in`)
  const ofGroup = Object.hasOwn(roles, group) ? roles[group] : undefined
  if (!ofGroup) throw distrusted(instance, `is tagged ${tagKeys.group}=${group}, a group that is not let in`)
  const name = Name.safeParse(node)
  if (!name.success) throw distrusted(instance, `has no tag ${tagKeys.node} with the name of a node`)
  return { cluster, name: name.data, roles: ofGroup }
}

function distrusted({ id }: Instance, why: string) {
  return new ApiFault('not-attested', `Instance ${id} ${why}.`)
}

type Refusal = Exclude<AttestedEnrolling['status'], 'enrolled'>

function refused(why: Refusal, name: string, id: string) {
  const reasons: Record<Refusal, string> = {
    'instance-used': `Instance ${id} has become a node already, with another key, and does so once. Launch it anew, or join by a token.`,
    'name-taken': `A node named ${name} lives. Revoke that node first by trivet node revoke ${name}, or launch this one under another name.`,
    'key-taken': 'This key belongs to a node that has joined already. To join anew, remove the key on the node.',
    'key-revoked': 'This key has been revoked. To join anew, launch another instance.',
  }
  return new ApiFault(why, reasons[why])
}
