import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { IncomingMessage } from 'node:http'
import { messageOf } from '../../protocol/errors.ts'
import type { Attempt } from '../../protocol/hooks.ts'

const timeoutMs = 10_000

/** One attempt. Whatever goes wrong is in what it gives; a redirect is followed nowhere. */
export async function post(url: string, body: string, headers: Record<string, string>, at: number): Promise<Attempt> {
  const since = performance.now()
  const took = () => Math.round(performance.now() - since)
  try {
    const status = await statusOf(url, body, headers)
    const error = status >= 200 && status < 300 ? null : `the receiver answered ${status}`
    return { at, ms: took(), status, error }
  } catch (error) {
    const isLate = error instanceof Error && error.name === 'TimeoutError'
    return { at, ms: took(), status: null, error: isLate ? `no answer within ${timeoutMs / 1000} s` : messageOf(error) }
  }
}

function statusOf(url: string, body: string, headers: Record<string, string>) {
  const request = url.startsWith('https:') ? requestHttps : requestHttp
  return new Promise<number>((resolve, reject) => {
    const sent = request(url, {
      method: 'POST',
      agent: false,
      // Said aloud, so that NODE_TLS_REJECT_UNAUTHORIZED in the environment changes nothing.
      rejectUnauthorized: true,
      signal: AbortSignal.timeout(timeoutMs),
      headers: { ...headers, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
    })
    sent.once('response', (response: IncomingMessage) => {
      resolve(response.statusCode ?? 0)
      // What it says is not read.
      response.destroy()
    })
    sent.once('error', (error) => reject(error.name === 'AbortError' ? (error.cause ?? error) : error))
    sent.end(body)
  })
}
