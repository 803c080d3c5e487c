import type { FastifyRequest } from 'fastify'
import { Access } from '../../protocol/views.ts'
import { secretMatches } from '../secrets.ts'
import type { Operator, Store } from '../store/store.ts'
import type { Refusals } from '../refusals.ts'
import { ApiFault } from './fault.ts'

export interface AuthParts {
  store: Store
  refusals: Refusals
}

/** The operator whose token the request bears. The token is `id.secret`; what follows names the CA and is for the client. */
export async function authenticate({ store, refusals }: AuthParts, request: FastifyRequest): Promise<Operator> {
  const [id = '', secret = ''] = bearerOf(request)?.split('.') ?? []
  const operator = await store.findOperator(id)
  if (operator && secretMatches(secret, operator.secretHash)) return operator
  if (refusals.exceed(request.ip))
    throw new ApiFault('too-many-attempts', 'Too many wrong tokens from this address. Wait a minute.')
  throw new ApiFault('not-logged-in', 'The token is missing or not known here. Log in with trivet login TOKEN@URL.')
}

export function bearerOf({ headers }: FastifyRequest) {
  return /^Bearer (\S+)$/i.exec(headers.authorization ?? '')?.[1]
}

/** Each access includes those before it. */
export function requireAccess({ name, access }: Operator, needed: Access) {
  const ranks = Access.options
  if (ranks.indexOf(access) >= ranks.indexOf(needed)) return
  throw new ApiFault('not-allowed', `${name} is ${access}; this needs ${needed}. Ask an admin for such a token.`)
}
