import { formatAttested, formatToken } from '../../protocol/token.ts'
import { hashSecret, newId, newSecret } from '../secrets.ts'
import type { ApiParts, Handlers } from './call.ts'
import { ApiFault } from './fault.ts'
import { requireRoles, unknown } from './find.ts'
import { pageAmong } from './pages.ts'

type TokenCalls = 'createToken' | 'readAttestation' | 'listTokens' | 'deleteToken'

export function tokenHandlers(parts: ApiParts): Pick<Handlers, TokenCalls> {
  const { store, clock, ca, handout, attesting } = parts
  return {
    async createToken({ uses, ttlMs, roles, cluster, names, approval }, { by, requireCluster }) {
      requireCluster(cluster)
      if (roles.length > 0) requireRoles(parts, roles)
      const [id, secret] = [newId(), newSecret()]
      const expiresAt = by.at + ttlMs
      const token = { id, secretHash: hashSecret(secret), usesLeft: uses, expiresAt, roles, cluster, names, approval }
      await store.createToken({ ...token, author: by.author }, by)
      return { token: formatToken({ id, secret, ca }), id, expiresAt, installer: await handout.installer() }
    },
    async readAttestation(_input, { sees }) {
      if (!attesting) throw new ApiFault('no-attestation', 'The server was started without --attest.')
      const seen = Object.entries(attesting.settings.clusters).filter(([cluster]) => sees(cluster))
      const installer = await handout.installer()
      return { token: formatAttested({ ca }), installer, clusters: Object.fromEntries(seen) }
    },
    async listTokens(page, { sees }) {
      const tokens = await store.listTokens(clock())
      const seen = tokens.filter(({ cluster }) => sees(cluster)).map(({ secretHash: _hash, ...token }) => token)
      return pageAmong(seen, page, ({ expiresAt, id }) => [expiresAt, id])
    },
    async deleteToken({ id }, { by, sees }) {
      const token = await store.findToken(id)
      if (token && sees(token.cluster) && (await store.deleteToken(id, by))) return { id }
      const usable = (await store.listTokens(clock())).filter(({ cluster }) => sees(cluster))
      throw unknown(
        'token',
        id,
        usable.map((other) => other.id),
      )
    },
  }
}
