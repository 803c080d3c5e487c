import { type IncomingMessage, request as plain } from 'node:http'
import { request as secure } from 'node:https'

/** How much an answer may be, and how long it may take in all. */
export interface Bounds {
  bytes: number
  ms: number
  signal?: AbortSignal | undefined
}

export interface Asked {
  headers?: Record<string, string>
  method?: string
  body?: string | undefined
}

/** The beginning of an answer of 200, after redirects to whoever leads. What is not is an error that says where and what. */
export async function open(url: URL, asked: Asked, signal: AbortSignal, hops = 3): Promise<IncomingMessage> {
  const answer = await begin(url, asked, signal)
  const { statusCode = 0, headers } = answer
  if (statusCode === 200) return answer
  answer.resume()
  const { location } = headers
  if (statusCode >= 300 && statusCode < 400 && location !== undefined && hops > 0) {
    const next = new URL(location, url)
    if (next.protocol === 'http:' || next.protocol === 'https:') return open(next, asked, signal, hops - 1)
  }
  throw new Error(`${url.href} answered ${statusCode}`)
}

function begin(url: URL, { headers = {}, method = 'GET', body }: Asked, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = (url.protocol === 'https:' ? secure : plain)(
      url,
      { headers, method, signal, agent: false },
      resolve,
    )
    request.on('error', reject)
    request.end(body)
  })
}

/** A whole answer, as text; also its headers. */
export async function read(url: URL, asked: Asked, { bytes, ms, signal }: Bounds) {
  const late = AbortSignal.timeout(ms)
  try {
    return await whole(url, asked, bytes, signal ? AbortSignal.any([late, signal]) : late)
  } catch (error) {
    throw late.aborted ? new Error(`${url.href} did not answer in ${ms} ms`, { cause: error }) : error
  }
}

async function whole(url: URL, asked: Asked, bytes: number, signal: AbortSignal) {
  const answer = await open(url, asked, signal)
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of answer) {
    if (!Buffer.isBuffer(chunk)) continue
    length += chunk.length
    if (length > bytes) {
      answer.destroy()
      throw new Error(`${url.href} answered with more than ${bytes} bytes`)
    }
    chunks.push(chunk)
  }
  return { headers: answer.headers, text: Buffer.concat(chunks).toString('utf8') }
}

export function parse(text: string, where: URL): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new Error(`${where.href} answered with what is no JSON: ${text.slice(0, 60)}`, { cause: error })
  }
}
