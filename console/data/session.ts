import { api } from '../../protocol/api.ts'
import { call } from './client.ts'
import { keepToken, signedIn, signOut } from './token.ts'

/** Whatever `trivet login` takes: an address after the token says where the server is, which the browser knows. */
export async function signIn(given: string) {
  keepToken(given.trim().replace(/@.*$/, ''))
  try {
    await call(api.whoami, {})
  } catch (error) {
    signOut()
    throw error
  }
  signedIn.set(true)
}
