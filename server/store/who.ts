import type { Access, Clusters } from '../../protocol/views.ts'

/** Who writes, and when by the server's clock. Every write that people ask for leaves an audit row with it. */
export interface By {
  author: string
  at: number
  /** The id of the API token, and the address that it was used from; the server's own writes have neither. */
  token?: string | undefined
  from?: string | undefined
}

export interface User {
  id: string
  name: string
  access: Access
  clusters: Clusters
  /** What the identity provider calls the user. */
  login: string | null
  author: string
  createdAt: number
  disabledAt: number | null
}

export interface ApiToken {
  id: string
  /** The user's id. */
  user: string
  name: string
  access: Access
  clusters: Clusters
  secretHash: Buffer
  author: string
  createdAt: number
  expiresAt: number | null
  usedAt: number | null
  usedFrom: string | null
}

/** Somebody at the console, who signed in with an API token or by the identity provider. */
export interface Session {
  id: string
  user: string
  token: string | null
  secretHash: Buffer
  from: string
  createdAt: number
  usedAt: number
  expiresAt: number
}

export interface AuditRow {
  id: number
  at: number
  author: string
  token: string | null
  from: string | null
  action: string
  subject: string
  /** Null where it is of none, or of several. */
  cluster: string | null
  before: unknown
  after: unknown
}

export interface AuditFilter {
  author?: string | undefined
  action?: string | undefined
  subject?: string | undefined
  /** In what was before or is after, in the subject or the action. */
  text?: string | undefined
  /** From this moment on, and before that one. */
  from?: number | undefined
  to?: number | undefined
  /** With other clusters' rows left out, and those that are of none. */
  clusters?: Clusters | undefined
  limit: number
  sort?: '-id' | 'id' | undefined
  /** The id of the last row of the page before. */
  after?: number | undefined
}

/** `last-admin`: nobody would be left who may do everything. */
export type UserWrite = 'done' | 'unknown' | 'taken' | 'last-admin'
export type UserChange = Partial<Pick<User, 'access' | 'clusters' | 'login' | 'disabledAt'>>

export interface WhoStore {
  /** False when the name or the login is another's. */
  createUser(user: User, by: By): Promise<boolean>
  findUser(name: string): Promise<User | undefined>
  findUserByLogin(login: string): Promise<User | undefined>
  /** By name. */
  listUsers(): Promise<User[]>
  countUsers(): Promise<number>
  /** The sessions of one who is disabled end. */
  changeUser(id: string, change: UserChange, by: By): Promise<UserWrite>
  /** With the API tokens and sessions. */
  deleteUser(id: string, by: By): Promise<UserWrite>

  /** False when the user has one of that name. */
  createApiToken(token: ApiToken, by: By): Promise<boolean>
  findApiToken(id: string): Promise<{ token: ApiToken; user: User } | undefined>
  /** Of one user, or all; by age. */
  listApiTokens(userId?: string): Promise<ApiToken[]>
  /** False when there is none. The sessions that were begun with it end. */
  revokeApiToken(id: string, by: By): Promise<boolean>
  noteApiTokenUse(id: string, at: number, from: string): Promise<void>

  /** Sessions that have ended are forgotten with it. */
  createSession(session: Session, by: By): Promise<void>
  findSession(id: string): Promise<{ session: Session; user: User; token: ApiToken | null } | undefined>
  noteSessionUse(id: string, at: number): Promise<void>
  /** False when there is none. */
  endSession(id: string, by: By): Promise<boolean>

  /** Newest first, unless sorted by `id`. */
  findAudit(filter: AuditFilter): Promise<AuditRow[]>
}
