import type { Session, WhoStore } from '../who.ts'
import { type ApiTokenRow, apiTokenOf } from './api-tokens.ts'
import { type UserRow, userOf } from './users.ts'
import type { WhoParts } from './who.ts'

interface SessionRow {
  id: string
  user: string
  token: string | null
  secret_hash: Buffer
  from: string
  created_at: number
  used_at: number
  expires_at: number
}

function sessionOf({ secret_hash, created_at, used_at, expires_at, ...row }: SessionRow): Session {
  return { ...row, secretHash: secret_hash, createdAt: created_at, usedAt: used_at, expiresAt: expires_at }
}

/** Of one user; the oldest goes for a new one. */
const mostSessions = 100

type Sessions = Pick<WhoStore, 'createSession' | 'findSession' | 'noteSessionUse' | 'endSession'>

export function createSessions(parts: WhoParts): Sessions {
  const { database, write } = parts
  const byId = database.prepare<[string], SessionRow>('select * from sessions where id = ?')
  const user = database.prepare<[string], UserRow>('select * from users where id = ?')
  const token = database.prepare<[string], ApiTokenRow>('select * from api_tokens where id = ?')
  const use = database.prepare('update sessions set used_at = ? where id = ?')
  return {
    async findSession(id) {
      const row = byId.get(id)
      const of = row && user.get(row.user)
      const by = row?.token == null ? undefined : token.get(row.token)
      return row && of && { session: sessionOf(row), user: userOf(of), token: by ? apiTokenOf(by) : null }
    },
    noteSessionUse: (id, at) => write(() => void use.run(at, id)),
    ...writes(parts),
  }
}

function writes({ database, write, audit }: WhoParts): Pick<Sessions, 'createSession' | 'endSession'> {
  const forget = database.prepare('delete from sessions where expires_at <= ?')
  const insert = database.prepare(
    `insert into sessions (id, user, token, secret_hash, "from", created_at, used_at, expires_at)
     values (:id, :user, :token, :secretHash, :from, :createdAt, :usedAt, :expiresAt)`,
  )
  // Those that nobody can use any more are gone by then; with the new one there are as many as may be.
  const crowdOut = database.prepare(
    'delete from sessions where user = ? and id not in (select id from sessions where user = ? order by created_at desc, id limit ?)',
  )
  const remove = database.prepare('delete from sessions where id = ?')
  return {
    createSession: (session, by) =>
      write(() => {
        forget.run(by.at)
        crowdOut.run(session.user, session.user, mostSessions - 1)
        insert.run(session)
        audit(by, { action: 'create-session', subject: session.id, after: { expiresAt: session.expiresAt } })
      }),
    endSession: (id, by) =>
      write(() => {
        if (remove.run(id).changes === 0) return false
        audit(by, { action: 'end-session', subject: id })
        return true
      }),
  }
}
