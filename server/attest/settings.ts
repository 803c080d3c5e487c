import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { parseDocument } from 'yaml'
import { z } from 'zod'
import { describeIssues } from '../../protocol/describe-issue.ts'
import { messageOf } from '../../protocol/errors.ts'
import { Name } from '../../protocol/name.ts'
import { StartError } from '../start-error.ts'

const Region = z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'such as eu-west-1')
const Minutes = z
  .number()
  .min(1)
  .max(7 * 24 * 60)

const Settings = z.strictObject({
  accounts: z.array(z.string().regex(/^\d{12}$/, 'twelve digits, in quotes')).min(1),
  /** The file of each region's certificate for RSA-2048 signatures, as AWS publishes it; beside this file, if the path is relative. */
  regions: z.record(Region, z.strictObject({ certificate: z.string().min(1) })),
  /** Cluster → group → roles. Who is in none of them does not join. */
  clusters: z.record(Name, z.record(Name, z.array(Name))),
  launchedWithinMinutes: Minutes.default(15),
  /** Off only where NAT is between nodes and server. */
  checkAddress: z.boolean().default(true),
  /** Whether the root volume must have been there since the launch. */
  checkRootVolume: z.boolean().default(true),
  lookEveryMinutes: Minutes.default(5),
  /** An instance that EC2 knows no more is believed to be gone after this time. */
  goneAfterMinutes: Minutes.default(60),
})

/** By which instances of EC2 become nodes, and cease to be. */
export interface AttestSettings extends Omit<z.infer<typeof Settings>, 'regions'> {
  /** PEM, by region. */
  certificates: ReadonlyMap<string, string>
}

/** What the file that `--attest` names says, in YAML or JSON. */
export async function readAttestSettings(path: string): Promise<AttestSettings> {
  const { regions, ...settings } = parse(path, await read(path))
  const certificates = new Map<string, string>()
  for (const [region, { certificate }] of Object.entries(regions)) {
    const place = `${path}: regions.${region}.certificate: ${certificate}`
    certificates.set(region, checked(await read(resolve(dirname(path), certificate)), place))
  }
  if (certificates.size === 0) throw new StartError(`${path}: regions: there is none, so nobody could join.`)
  return { ...settings, certificates }
}

function checked(pem: string, place: string) {
  let type: string | undefined
  try {
    type = new X509Certificate(pem).publicKey.asymmetricKeyType
  } catch (cause) {
    throw new StartError(`${place} is no certificate in PEM: ${messageOf(cause)}.`, { cause })
  }
  if (type !== 'rsa')
    throw new StartError(`${place} has a key of type ${type}. Take the one that AWS publishes for RSA-2048 signatures.`)
  return pem
}

function parse(path: string, text: string) {
  const document = parseDocument(text, { uniqueKeys: true })
  const [broken] = document.errors
  if (broken) throw new StartError(`${path}, which --attest names: ${broken.message}`)
  const value: unknown = document.toJS()
  const { success, data, error } = Settings.safeParse(value)
  if (success) return data
  throw new StartError(`${path}, which --attest names: ${describeIssues(error, { value }).join('; ')}`)
}

async function read(path: string) {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new StartError(`Cannot read ${path} (--attest): ${messageOf(cause)}`, { cause })
  }
}
