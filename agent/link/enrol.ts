import { Enrolled, enrolPath } from '../../protocol/enrolment.ts'
import { fetchCa } from '../../protocol/pin.ts'
import type { Token } from '../../protocol/token.ts'
import { ApiError } from '../../protocol/views.ts'
import { post } from './https.ts'
import { checkKey, makeKey, publicKeyOf, signWith } from '../kept/keys.ts'
import { moveAside, readReplaceableText, type State, writeSynced } from '../kept/state.ts'

/**
 * Joins a server: fetches its CA and believes it only by the token's hash, makes the node's key, enrols the public half.
 * The key is kept before it is sent, so that a joining whose answer was lost can be asked again and gets the same node.
 */
export async function enrol(state: State, invitation: { token: Token; url: string }, name: string) {
  const { token, url } = invitation
  const ca = await fetchCa(url, token.ca)
  const key = keptKey(state.path('key.pem')) ?? makeKey()
  writeSynced(state.path('key.pem'), key)
  const answer = await post({ url, ca }, enrolPath, {
    token: { id: token.id, secret: token.secret },
    name,
    key: publicKeyOf(key),
    signature: signWith(key, token.id),
  })
  const said: unknown = JSON.parse(answer.bytes.toString())
  if (answer.status !== 200) throw new Error(`${url} refused to enrol ${name}: ${ApiError.parse(said).error}`)
  const { id, node } = Enrolled.parse(said)
  state.writeIdentity({ url, ca, caSha256: token.ca, node, id })
  return node
}

/** No server knows one that can no longer be read. */
function keptKey(path: string) {
  const text = readReplaceableText(path)
  try {
    return text === undefined ? undefined : checkKey(text)
  } catch (error) {
    return moveAside(path, error)
  }
}
