import type { Access, Clusters } from '../../../protocol/views.ts'
import type { ApiToken, WhoStore } from '../who.ts'
import { fromJson } from './json.ts'
import { type UserRow, userOf } from './users.ts'
import type { WhoParts } from './who.ts'

export interface ApiTokenRow {
  id: string
  user: string
  name: string
  access: Access
  clusters: string
  secret_hash: Buffer
  author: string
  created_at: number
  expires_at: number | null
  used_at: number | null
  used_from: string | null
}

export function apiTokenOf(row: ApiTokenRow): ApiToken {
  const { id, user, name, access, author } = row
  return {
    id,
    user,
    name,
    access,
    clusters: fromJson<Clusters>(row.clusters),
    secretHash: row.secret_hash,
    author,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    usedAt: row.used_at,
    usedFrom: row.used_from,
  }
}

type ApiTokens = Pick<
  WhoStore,
  'createApiToken' | 'findApiToken' | 'listApiTokens' | 'revokeApiToken' | 'noteApiTokenUse'
>

export function createApiTokens(parts: WhoParts): ApiTokens {
  const { database, write } = parts
  const byId = database.prepare<[string], ApiTokenRow>('select * from api_tokens where id = ?')
  const user = database.prepare<[string], UserRow>('select * from users where id = ?')
  const all = database.prepare<{ user: string | null }, ApiTokenRow>(
    'select * from api_tokens where :user is null or user = :user order by created_at, id',
  )
  const use = database.prepare('update api_tokens set used_at = ?, used_from = ? where id = ?')
  return {
    async findApiToken(id) {
      const row = byId.get(id)
      const of = row && user.get(row.user)
      return row && of && { token: apiTokenOf(row), user: userOf(of) }
    },
    listApiTokens: async (userId) => all.all({ user: userId ?? null }).map(apiTokenOf),
    noteApiTokenUse: (id, at, from) => write(() => void use.run(at, from, id)),
    ...writes(parts),
  }
}

function writes({ database, write, audit }: WhoParts): Pick<ApiTokens, 'createApiToken' | 'revokeApiToken'> {
  const insert = database.prepare(
    `insert into api_tokens (id, user, name, access, clusters, secret_hash, author, created_at, expires_at)
     values (:id, :user, :name, :access, :clusters, :secretHash, :author, :createdAt, :expiresAt) on conflict do nothing`,
  )
  const remove = database.prepare<[string], ApiTokenRow>('delete from api_tokens where id = ? returning *')
  const nameOf = database.prepare<[string], { name: string }>('select name from users where id = ?')
  const told = ({ user, name, access, clusters, expiresAt }: ApiToken) => ({
    user: nameOf.get(user)?.name ?? user,
    name,
    access,
    clusters,
    expiresAt,
  })
  return {
    createApiToken: (token, by) =>
      write(() => {
        if (insert.run({ ...token, clusters: JSON.stringify(token.clusters) }).changes === 0) return false
        audit(by, { action: 'create-api-token', subject: token.id, after: told(token) })
        return true
      }),
    revokeApiToken: (id, by) =>
      write(() => {
        const row = remove.get(id)
        if (row) audit(by, { action: 'revoke-api-token', subject: id, before: told(apiTokenOf(row)) })
        return row !== undefined
      }),
  }
}
