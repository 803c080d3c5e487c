import { readFileSync } from 'node:fs'
import { CommandError } from '../cli/command.ts'
import { Sha256 } from '../protocol/catalog.ts'
import { Name } from '../protocol/name.ts'
import { formatAttested, formatToken, parseAttestedInvitation, parseInvitation } from '../protocol/token.ts'

const template = readFileSync(new URL('user-data.sh', import.meta.url), 'utf8')

/** As EC2 has it: of the text as it is, before base64. */
const maxUserDataBytes = 16_384

export interface UserData {
  node: string
  /** As the node reaches the server. */
  url: string
  /** `id.secret.sha256-of-CA`; or `ec2.sha256-of-CA`, with which an instance joins by what it is, and no secret is in its user data. */
  token: string
  /** The SHA-256 of the server's install script; undefined for an image that has the agent. */
  installer: string | undefined
  /** The machine is to become an image: it has the agent, and nothing that two machines may not share. */
  bakes?: boolean
  /** The machine turns itself off when it has not joined by then. */
  deadMansMinutes?: number
  /** How long a network, a mirror or a server that is not there is waited for. */
  patienceSeconds?: number
}

/** The script that makes a machine a node at its first boot: the same text for the same input. It holds the token, so it is a secret until that is used, where there is one. */
export function userData(asked: UserData): string {
  const { node, url, token, installer, bakes = false, deadMansMinutes, patienceSeconds = 1800 } = asked
  const invitation = invitationOf(`${token}@${url}`)
  if (!invitation) throw new CommandError(`${url} is no https://HOST:PORT of a server, or its token is none.`)
  const values: Record<string, string | number> = {
    node: Name.parse(node),
    url: quotable(invitation.url),
    invitation: quotable(`${invitation.token}@${invitation.url}`),
    installer: installer === undefined ? '' : Sha256.parse(installer),
    bakes: bakes ? 'yes' : '',
    deadMansMinutes: deadMansMinutes ?? '',
    patienceSeconds,
  }
  return checkSize(
    node,
    template.replace(/'@(\w+)@'/g, (_all, key: string) => `'${values[key]}'`),
  )
}

function invitationOf(text: string) {
  const attested = parseAttestedInvitation(text)
  if (attested) return { url: attested.url, token: formatAttested(attested) }
  const invitation = parseInvitation(text)
  return invitation && { url: invitation.url, token: formatToken(invitation.token) }
}

function quotable(url: string): string {
  if (/^[\w:/.[\]@%-]+$/.test(url)) return url
  throw new CommandError(`${url} has letters that no address of a server has.`)
}

/** Refuses what no EC2 takes, before anything is asked for. */
export function checkSize(node: string, text: string): string {
  const bytes = Buffer.byteLength(text)
  if (bytes <= maxUserDataBytes) return text
  throw new CommandError(
    `The user data of ${node} has ${bytes} bytes; EC2 takes ${maxUserDataBytes}. Next: bake what it installs into an image (trivet launch bake), or have a role do it.`,
  )
}
