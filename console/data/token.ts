import { signal } from './signal.ts'

/** The API token that was given at sign-in: for this tab, and for as long as it is open. */
const key = 'trivet-token'

export const signedIn = signal(sessionStorage.getItem(key) !== null)

export function keepToken(token: string) {
  sessionStorage.setItem(key, token)
}

export function signOut() {
  sessionStorage.removeItem(key)
  signedIn.set(false)
}

export function headersOf(): Record<string, string> {
  const token = sessionStorage.getItem(key)
  return token === null ? {} : { authorization: `Bearer ${token}` }
}
