import { randomBytes } from 'node:crypto'
import { closeCodes, helloText, protocolVersion, type AgentMessage } from '../../protocol/messages.ts'
import type { Node, Store } from '../store/store.ts'
import { isSignedBy } from './proof.ts'

/** Why a connection is not let in, with its close code. */
export class Refused extends Error {
  override name = 'Refused'
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}

export type Hello = Extract<AgentMessage, { type: 'hello' }>

export function newNonce() {
  return randomBytes(32).toString('base64url')
}

/** The node that the hello proves, or Refused. The nonce is this connection's alone, so a proof serves once. */
export async function nodeOf(hello: Hello, nonce: string, server: string, store: Store): Promise<Node> {
  if (hello.protocol !== protocolVersion)
    throw new Refused(closeCodes.otherProtocol, `this server speaks protocol ${protocolVersion}, not ${hello.protocol}`)
  if (!isSignedBy(hello.key, helloText(nonce, server), hello.signature))
    throw new Refused(closeCodes.notProven, 'the signature does not prove the key')
  const node = await store.findNodeByKey(hello.key)
  if (!node) throw new Refused(closeCodes.notProven, 'no node has this key; join by a token first')
  if (node.revokedAt !== null) throw new Refused(closeCodes.revoked, 'this node was revoked')
  if (node.archivedAt !== null) throw new Refused(closeCodes.archived, 'this node is archived')
  return node
}
