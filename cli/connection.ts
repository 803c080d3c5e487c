import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { serverName } from '../protocol/enrolment.ts'
import { whyUnreachable } from '../protocol/why-unreachable.ts'
import { CommandError } from './command.ts'
import type { Login } from './login-file.ts'

/** The server cannot be reached, or the connection to it was lost. */
export class Unreachable extends CommandError {
  override name = 'Unreachable'
  /** Whether the server may have got the request, and done what it asks. */
  readonly wasSent: boolean

  constructor(message: string, { wasSent = false, cause }: { wasSent?: boolean; cause?: unknown } = {}) {
    super(message, { cause })
    this.wasSent = wasSent
  }
}

export interface Request {
  method: string
  /** With the query. */
  path: string
  body?: unknown
  headers?: Record<string, string>
  /** Silence that is taken for a lost connection. */
  idleMs: number
  /** How long until the server must have said who it is. */
  connectMs?: number
  signal?: AbortSignal | undefined
}

/** Sends one request and gives the response as soon as its head is there. Only the login's CA is believed. */
export function send({ url, ca, token }: Login, { method, path, body, headers, ...given }: Request) {
  const { idleMs, connectMs = idleMs, signal } = given
  const json = body === undefined ? undefined : JSON.stringify(body)
  return new Promise<IncomingMessage>((resolve, reject) => {
    let wasSent = false
    const sent = request(`${url}${path}`, {
      method,
      ca,
      servername: serverName,
      minVersion: 'TLSv1.3',
      // Said aloud, so that NODE_TLS_REJECT_UNAUTHORIZED in the environment changes nothing.
      rejectUnauthorized: true,
      agent: false,
      timeout: idleMs,
      signal,
      headers: { ...headers, ...headersFor(token, json) },
    })
    const giveUp = (ms: number, hint = '') =>
      sent.destroy(new Unreachable(`${url} did not answer within ${ms / 1000} s.${hint}`, { wasSent }))
    // Until TLS is up, Node fires 'timeout' only after double the time.
    const connecting = setTimeout(() => giveUp(connectMs, ' Does the server hang?'), connectMs)
    sent.once('socket', (socket) =>
      socket.once('secureConnect', () => {
        clearTimeout(connecting)
        wasSent = true
      }),
    )
    sent.once('response', resolve)
    sent.once('timeout', () => giveUp(idleMs))
    sent.once('close', () => clearTimeout(connecting))
    sent.once('error', (error) => reject(explain(error, url, wasSent)))
    sent.end(json)
  })
}

function headersFor(token: string, json: string | undefined) {
  return {
    authorization: `Bearer ${token}`,
    accept: 'application/json, text/event-stream, application/octet-stream',
    ...(json === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(json) }),
  }
}

/** The whole body; a connection cut in the middle is an error. */
export async function readBody(response: IncomingMessage, url: string) {
  const parts: Buffer[] = []
  for await (const part of chunksOf(response, url)) parts.push(part)
  return Buffer.concat(parts)
}

/** The body's bytes as they come; a connection cut in the middle is an error. */
export async function* chunksOf(response: IncomingMessage, url: string): AsyncGenerator<Buffer> {
  try {
    for await (const part of response) yield Buffer.from(part)
  } catch (error) {
    throw explain(error, url, true)
  }
}

const distrust = {
  SELF_SIGNED_CERT_IN_CHAIN:
    'its CA is not the one of your login. If the server was set up anew, log in again; otherwise this is another server.',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is not from the CA of your login. Is this another server?',
  CERT_SIGNATURE_FAILURE:
    'its certificate is not from the CA of your login. If the server was set up anew, log in again.',
  CERT_HAS_EXPIRED: "its certificate has expired. Is this machine's clock right?",
  CERT_NOT_YET_VALID: "its certificate is not valid yet. Is this machine's clock right?",
  ERR_TLS_CERT_ALTNAME_INVALID: `its certificate is not for ${serverName}. Is this a Trivet server?`,
}

function explain(error: unknown, url: string, wasSent: boolean) {
  if (error instanceof CommandError || (error instanceof Error && error.name === 'AbortError')) return error
  return new Unreachable(`Cannot reach ${url}: ${whyUnreachable(error, distrust)}`, { wasSent, cause: error })
}
