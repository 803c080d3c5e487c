import { randomUUID } from 'node:crypto'
import type { z } from 'zod'
import type { Enrolled, Enrolment } from '../../protocol/enrolment.ts'
import { ApiFault } from '../api/fault.ts'
import type { Catalogs } from '../catalogs.ts'
import { secretMatches } from '../secrets.ts'
import type { Enrolling, JoinToken, Store } from '../store/store.ts'
import { isSignedBy } from './proof.ts'

export interface EnrolParts {
  store: Store
  catalogs: Catalogs
  clock: () => number
}

/** Makes the node that the token allows, or says why not. */
export async function enrol({ store, catalogs, clock }: EnrolParts, asked: z.infer<typeof Enrolment>) {
  const { token, name, key, signature } = asked
  if (!isSignedBy(key, token.id, signature))
    throw new ApiFault(
      'not-proven',
      'The signature over the token id is not by this key. Enrol with the key of the node.',
    )
  const known = await store.findToken(token.id)
  if (!known || !secretMatches(token.secret, known.secretHash)) throw refused('unknown-token', name)
  if (!matches(known, name))
    throw new ApiFault(
      'wrong-name',
      `This token is for nodes named ${known.names}; ${name} is not. Give another name, or make a token for it.`,
    )
  const result = await store.enrol(token.id, { id: randomUUID(), name, key }, clock())
  if (result.status !== 'enrolled') throw refused(result.status, name)
  await catalogs.refresh()
  return { id: result.node.id, node: result.node.name } satisfies z.infer<typeof Enrolled>
}

/** `*` stands for anything, the rest for itself. */
function matches({ names }: JoinToken, name: string) {
  const pattern = names.split('*').map((part) => part.replace(/[^a-z0-9]/gi, '\\$&'))
  return new RegExp(`^${pattern.join('.*')}$`).test(name)
}

type Refusal = Exclude<Enrolling['status'], 'enrolled'>

const another = 'Make another by trivet token create.'

function refused(why: Refusal, name: string) {
  const reasons: Record<Refusal, string> = {
    'unknown-token': `This server knows no such token: it was deleted, or made by another server. ${another}`,
    expired: `The token has expired. ${another}`,
    'used-up': `The token has been used as often as it may be. ${another}`,
    'name-taken': `A node named ${name} lives. Join under another name, or revoke that node first by trivet node revoke ${name}.`,
    'key-taken': 'This key belongs to a node that has joined already. To join anew, remove the key on the node.',
    'key-revoked': 'This key has been revoked. To join anew, remove the key on the node.',
  }
  return new ApiFault(why === 'unknown-token' ? 'wrong-token' : why, reasons[why])
}
