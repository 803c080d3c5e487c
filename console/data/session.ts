import { api } from '../../protocol/api.ts'
import { call } from './client.ts'
import { signal } from './signal.ts'
import { signedIn } from './signed-in.ts'

interface Provider {
  name: string
  url: string
}

/** The identity provider by which one may sign in as well. */
export const provider = signal<Provider | null>(null)

/** Asks the server who is signed in. */
export async function readSession() {
  const found = await call(api.readSession, {})
  provider.set(found.provider)
  signedIn.set(found.session)
}

/** Whatever `trivet login` takes: an address after the token says where the server is, which the browser knows. */
export async function signIn(given: string) {
  signedIn.set(await call(api.createSession, { token: given.trim().replace(/@.*$/, '') }))
}

export async function signOut() {
  await call(api.endSession, {})
  signedIn.set(null)
}
