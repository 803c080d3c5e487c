import { formatToken } from '../protocol/token.ts'
import { createAuthority } from './ca.ts'
import { hashSecret, newId, newSecret } from './secrets.ts'
import type { Store } from './store/store.ts'

/** The CA of the server, made where there is none yet. */
export async function authorityOf(store: Store, now: number) {
  const known = await store.readAuthority()
  if (known) return known
  const authority = await createAuthority(now)
  await store.keepAuthority(authority)
  return authority
}

/** Makes the first admin, unless there is a user, and gives the token of theirs: this once. */
export async function inviteFirstAdmin(store: Store, ca: string, now: number) {
  if ((await store.countUsers()) > 0) return undefined
  const [id, secret] = [newId(), newSecret()]
  const rights = { access: 'admin', clusters: 'all' } as const
  const by = { author: 'first start', at: now }
  const user = {
    id: newId(),
    name: 'admin',
    ...rights,
    login: null,
    author: by.author,
    createdAt: now,
    disabledAt: null,
  }
  await store.createUser(user, by)
  const token = { id, user: user.id, name: 'first', ...rights, secretHash: hashSecret(secret), author: by.author }
  await store.createApiToken({ ...token, createdAt: now, expiresAt: null, usedAt: null, usedFrom: null }, by)
  return formatToken({ id, secret, ca })
}
