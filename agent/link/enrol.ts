import { setTimeout as pause } from 'node:timers/promises'
import { z } from 'zod'
import { attestedText, attestPath, Enrolled, enrolPath } from '../../protocol/enrolment.ts'
import { fetchCa } from '../../protocol/pin.ts'
import type { Token } from '../../protocol/token.ts'
import { ApiError } from '../../protocol/views.ts'
import { checkKey, makeKey, publicKeyOf, signWith } from '../kept/keys.ts'
import { moveAside, readReplaceableText, type State, writeSynced } from '../kept/state.ts'
import { post, type ServerAddress } from './https.ts'

/**
 * Joins a server: fetches its CA and believes it only by the token's hash, makes the node's key, enrols the public half.
 * The key is kept before it is sent, so that a joining whose answer was lost can be asked again and gets the same node.
 */
export async function enrol(state: State, invitation: { token: Token; url: string }, name: string) {
  const { token, url } = invitation
  const server = { url, ca: await fetchCa(url, token.ca) }
  const key = nodeKey(state)
  const asked = {
    token: { id: token.id, secret: token.secret },
    name,
    key: publicKeyOf(key),
    signature: signWith(key, token.id),
  }
  const said = await ask(server, enrolPath, asked)
  if (said.refused) throw new Error(`${url} refused to enrol ${name}: ${said.refused.error}`)
  return keep(state, server, token.ca, said.enrolled)
}

interface Attested {
  /** What the server is known by. */
  invitation: { ca: string; url: string }
  /** What the node believes to be called; the server decides. */
  name: string | undefined
  readDocument: () => Promise<string>
  /** So long it is asked again where the server says that it cannot tell yet. */
  patienceMs: number
}

/** Joins as the same, but by what the machine is: its signed identity document takes the place of a token. */
export async function enrolAttested(state: State, { invitation, name, readDocument, patienceMs }: Attested) {
  const { ca: caSha256, url } = invitation
  const server = { url, ca: await fetchCa(url, caSha256) }
  const document = await readDocument()
  const key = nodeKey(state)
  const signature = signWith(key, attestedText(document))
  const asked = { document, ...(name !== undefined && { name }), key: publicKeyOf(key), signature }
  const until = Date.now() + patienceMs
  for (;;) {
    const said = await ask(server, attestPath, asked)
    if (!said.refused) return keep(state, server, caSha256, said.enrolled)
    const { code, error, details } = said.refused
    const again = code === 'instance-unseen' || code === 'cloud-away' ? Retry.safeParse(details).data : undefined
    if (!again || Date.now() + again.retryAfterMs > until)
      throw new Error(`${url} refused to enrol this instance: ${error}`)
    await pause(again.retryAfterMs)
  }
}

const Retry = z.object({ retryAfterMs: z.number().min(0) })

async function ask(server: ServerAddress, path: string, asked: object) {
  const answer = await post(server, path, asked)
  const said: unknown = JSON.parse(answer.bytes.toString())
  return answer.status === 200 ? { enrolled: Enrolled.parse(said) } : { refused: ApiError.parse(said) }
}

function keep(state: State, { url, ca }: ServerAddress, caSha256: string, { id, node }: z.infer<typeof Enrolled>) {
  state.writeIdentity({ url, ca, caSha256, node, id })
  return node
}

function nodeKey(state: State) {
  const key = keptKey(state.path('key.pem')) ?? makeKey()
  writeSynced(state.path('key.pem'), key)
  return key
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
