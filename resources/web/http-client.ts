import { type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { z } from 'zod'
import { hasCode, messageOf } from '../../protocol/errors.ts'
import type { Host } from '../host.ts'
import { Path } from '../names.ts'

const mostRedirects = 5
/** Of an answer that is read into memory. */
const mostBytes = 4 * 1024 * 1024
const notBelieved = [
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
]
/** Headers of ours that may follow to another origin: a recipe's own may hold secrets. */
const harmless = new Set(['accept', 'accept-encoding', 'range'])

export const Url = z
  .url({ protocol: /^https?$/, error: 'must be a URL that begins with https:// or http://' })
  .refine(hasNoPassword, 'cannot hold a password, since it is shown. Send it in `headers`')

/** What every type takes that speaks HTTP. */
export const webProps = {
  headers: z
    .record(z.string().regex(/^[A-Za-z0-9-]+$/, 'must be the name of a header'), z.string())
    .optional()
    .describe('Headers to send, such as `authorization`. They are never shown, and not sent on to another host.'),
  ca: Path.optional().describe(
    "A PEM file on the node with the only authorities that are believed: /etc/ssl/certs/ca-certificates.crt has the node's own. Left out, those that Node.js brings.",
  ),
  insecure: z
    .boolean()
    .default(false)
    .describe('Whether `http:` will do for another host than this one, though anybody between may read and change it.'),
}

export interface Web {
  headers?: Record<string, string> | undefined
  ca?: string | undefined
  insecure: boolean
}

export interface Asking {
  method?: string
  headers?: Record<string, string>
  body?: string
  /** PEM */
  ca?: string
  insecure: boolean
  /** Silence for so long ends it. */
  idleMs?: number
  /** Ends it whatever it does. */
  signal?: AbortSignal
}

/** What the props say of how to ask. */
export function askingOf({ headers = {}, ca, insecure }: Web, { files }: Host): Asking {
  const named = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
  return { headers: named, insecure, ...(ca === undefined ? {} : { ca: authorities(ca, files) }) }
}

function authorities(path: string, files: Host['files']) {
  try {
    return files.read(path).toString()
  } catch (error) {
    throw new Error(`The authorities in ${path} cannot be read: ${messageOf(error)}. Declare the file before this.`, {
      cause: error,
    })
  }
}

/** Why the URL is not asked for, if it is not. */
export function urlProblem(url: string, insecure: boolean) {
  const { protocol, hostname } = new URL(url)
  if (protocol === 'https:' || insecure || /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname)) return undefined
  return `asks ${hostname} by http:, which anybody between can read and change. Use https:, or say \`insecure: true\`.`
}

function hasNoPassword(text: string) {
  const url = URL.canParse(text) ? new URL(text) : undefined
  return !url?.username && !url?.password
}

/** Without what may be secret in it. */
export function shownUrl(url: string) {
  const { origin, pathname, search } = new URL(url)
  return `${origin}${pathname}${search ? '?…' : ''}`
}

/** Sends the request and gives the answer with its body still to be read. A GET follows redirects, never from https: to http:. */
export async function open(url: string, asking: Asking, redirects = mostRedirects): Promise<IncomingMessage> {
  const problem = urlProblem(url, asking.insecure)
  if (problem) throw new Error(`${shownUrl(url)} ${problem}`)
  const response = await requested(url, asking)
  const { statusCode = 0, headers } = response
  if (![301, 302, 303, 307, 308].includes(statusCode) || headers.location === undefined) return response
  response.destroy()
  const next = new URL(headers.location, url)
  const leads = `${shownUrl(url)} leads to ${shownUrl(next.href)}`
  if ((asking.method ?? 'GET') !== 'GET')
    throw new Error(`${leads}, where nothing is sent. Name that URL if it is meant.`)
  if (redirects === 0) throw new Error(`${leads} after ${mostRedirects} redirects; no more are followed.`)
  if (url.startsWith('https:') && next.protocol !== 'https:') throw new Error(`${leads}, which is not https:.`)
  const sameOrigin = next.origin === new URL(url).origin
  return open(next.href, sameOrigin ? asking : { ...asking, headers: withoutSecrets(asking.headers) }, redirects - 1)
}

function withoutSecrets(headers: Record<string, string> = {}) {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => harmless.has(name)))
}

function requested(url: string, { method, headers, body, ca, signal, idleMs = 30_000 }: Asking) {
  return new Promise<IncomingMessage>((resolve, reject) => {
    const request = url.startsWith('https:') ? requestHttps : requestHttp
    let answer: IncomingMessage | undefined
    const asked = request(url, { method, headers, ca, agent: false, timeout: idleMs }, (response) => {
      answer = response
      resolve(response)
    })
    const end = (why: string) => (answer ?? asked).destroy(new Error(why))
    const tooLate = () => end('it took too long')
    signal?.addEventListener('abort', tooLate)
    asked.on('close', () => signal?.removeEventListener('abort', tooLate))
    asked.on('timeout', () => end(`it said nothing for ${idleMs / 1000} s`))
    asked.on('error', (error) =>
      reject(new Error(`${shownUrl(url)} gave no answer: ${explain(error)}`, { cause: error })),
    )
    asked.end(body)
  })
}

function explain(error: Error) {
  if (hasCode(error, ...notBelieved))
    return `${error.message}. If you believe who signed it, name the authority: \`ca\``
  return messageOf(error)
}

/** Asks with JSON, where there is some. Headers that a recipe names go before ours. */
export function sending(body: string | undefined, asking: Asking): Asking {
  if (body === undefined) return asking
  const ours = { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }
  return { ...asking, body, headers: { ...ours, ...asking.headers } }
}

export interface Answer {
  status: number
  text: string
}

/** Asks and reads the answer whole, up to 4 MiB and `withinMs`. */
export async function ask(url: string, asking: Asking, withinMs = 30_000): Promise<Answer> {
  const response = await open(url, { ...asking, signal: AbortSignal.timeout(Math.ceil(withinMs)) })
  const chunks: Buffer[] = []
  let bytes = 0
  const body: AsyncIterable<Buffer> = response
  for await (const chunk of body) {
    bytes += chunk.length
    if (bytes > mostBytes) throw new Error(`${shownUrl(url)} answers with more than ${mostBytes} bytes.`)
    chunks.push(chunk)
  }
  return { status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }
}

/** `503: {"message":"…"}`, for an error. */
export function saidBy({ status, text }: Answer) {
  const said = text.trim().slice(0, 1000)
  return said ? `${status}: ${said}` : String(status)
}
