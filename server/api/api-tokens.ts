import { formatToken } from '../../protocol/token.ts'
import { hashSecret, newId, newSecret } from '../secrets.ts'
import type { ApiToken, User } from '../store/who.ts'
import type { ApiParts, Handlers } from './call.ts'
import { type Caller, common, includesAccess, includesClusters, lesser } from './caller.ts'
import { ApiFault } from './fault.ts'
import { unknown } from './find.ts'
import { pageAmong } from './pages.ts'
import { findUser } from './users.ts'

type TokenCalls = 'createApiToken' | 'listApiTokens' | 'revokeApiToken'

export function apiTokenHandlers(parts: ApiParts): Pick<Handlers, TokenCalls> {
  const { store } = parts
  return {
    createApiToken: creating(parts),
    async listApiTokens({ user: of, all, ...page }, caller) {
      if (all !== undefined) requireForOthers(caller)
      const users = all === undefined ? [await userFor(parts, caller, of)] : await store.listUsers()
      const names = new Map(users.map(({ id, name }) => [id, name]))
      const tokens = await store.listApiTokens(all === undefined ? users[0]?.id : undefined)
      const views = tokens.map((token) => viewOf(token, names.get(token.user) ?? ''))
      return pageAmong(views, page, ({ createdAt, name, id }, field) => [field === 'name' ? name : createdAt, id])
    },
    async revokeApiToken({ id }, caller) {
      const found = await store.findApiToken(id)
      if (!found || !mayRevoke(caller, found.token)) {
        const own = await store.listApiTokens(caller.user.id)
        throw unknown(
          'api-token',
          id,
          own.map((token) => token.id),
        )
      }
      await store.revokeApiToken(id, caller.by)
      return { id }
    },
  }
}

function creating(parts: ApiParts): Handlers['createApiToken'] {
  const { store, ca } = parts
  return async ({ name, user: of, access, clusters, ttlMs }, caller) => {
    const user = await userFor(parts, caller, of)
    const may = { access: lesser(user.access, caller.access), clusters: common(user.clusters, caller.clusters) }
    const asked = { access: access ?? may.access, clusters: clusters ?? may.clusters }
    requireNoMore(asked, may, user)
    const { by } = caller
    const [id, secret] = [newId(), newSecret()]
    const made = { author: by.author, createdAt: by.at, expiresAt: endOf(caller, user, by.at + ttlMs) }
    const unused = { usedAt: null, usedFrom: null }
    const token: ApiToken = { id, user: user.id, name, ...asked, secretHash: hashSecret(secret), ...made, ...unused }
    if (!(await store.createApiToken(token, by))) {
      const error = `${user.name} has an API token named ${name} already. Take another name, or revoke that one first.`
      throw new ApiFault('api-token-exists', error)
    }
    return { ...viewOf(token, user.name), token: formatToken({ id, secret, ca }) }
  }
}

function viewOf({ secretHash: _hash, user: _id, ...token }: ApiToken, user: string) {
  return { ...token, user }
}

async function userFor(parts: ApiParts, caller: Caller, name = caller.user.name) {
  if (name === caller.user.name) return caller.user
  requireForOthers(caller)
  return findUser(parts, name)
}

function requireForOthers(caller: Caller) {
  if (!includesAccess(caller.access, 'admin')) {
    const error = `${caller.user.name} is ${caller.access}; the API tokens of others are for admins.`
    throw new ApiFault('not-allowed', error)
  }
  caller.requireAllClusters()
}

type Rights = Pick<User, 'access' | 'clusters'>

/** Nobody makes a token that may do more than they may themselves, nor more than its user may. */
function requireNoMore(asked: Rights, may: Rights, { name }: User) {
  if (includesAccess(may.access, asked.access) && includesClusters(may.clusters, asked.clusters)) return
  const where = may.clusters === 'all' ? 'all clusters' : may.clusters.join(', ') || 'no cluster'
  throw new ApiFault('not-allowed', `You can make no more than a token for a ${may.access} of ${where} for ${name}.`)
}

/** With an API token you make none for yourself that outlives it: who stole one can't keep what it gave. */
function endOf({ user, token }: Caller, { id }: User, wanted: number) {
  const last = token?.expiresAt ?? null
  return id === user.id && last !== null ? Math.min(last, wanted) : wanted
}

/** A token of your own that may do no more than you may now, or any as an admin of all clusters. */
function mayRevoke({ user, token, access, clusters }: Caller, meant: ApiToken) {
  if (access === 'admin' && clusters === 'all') return true
  const isWithin = includesAccess(access, meant.access) && includesClusters(clusters, meant.clusters)
  return meant.user === user.id && (meant.id === token?.id || isWithin)
}
