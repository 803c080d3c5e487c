import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { IncomingMessage } from 'node:http'
import { messageOf } from '../../protocol/errors.ts'
import type { Attempt } from '../../protocol/hooks.ts'
import { lookUpOthers, whyNotTo } from './link-local.ts'

const timeoutMs = 10_000

export interface Letter {
  url: string
  body: string
  headers: Record<string, string>
  /** It may go to link-local addresses too. */
  linkLocal: boolean
}

/** One attempt. Whatever goes wrong is in what it gives; a redirect is followed nowhere. */
export async function post(letter: Letter, at: number): Promise<Attempt> {
  const since = performance.now()
  const took = () => Math.round(performance.now() - since)
  try {
    const status = await statusOf(letter)
    const error = status >= 200 && status < 300 ? null : `the receiver answered ${status}`
    return { at, ms: took(), status, error }
  } catch (error) {
    const isLate = error instanceof Error && error.name === 'TimeoutError'
    return { at, ms: took(), status: null, error: isLate ? `no answer within ${timeoutMs / 1000} s` : messageOf(error) }
  }
}

function statusOf({ url, body, headers, linkLocal }: Letter) {
  const why = linkLocal ? undefined : whyNotTo(new URL(url).hostname)
  if (why !== undefined) throw new Error(why)
  const request = url.startsWith('https:') ? requestHttps : requestHttp
  return new Promise<number>((resolve, reject) => {
    const sent = request(url, {
      method: 'POST',
      agent: false,
      ...(!linkLocal && { lookup: lookUpOthers }),
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
