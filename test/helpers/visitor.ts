import assert from 'node:assert/strict'
import { request } from 'node:https'
import { serverName } from '../../protocol/enrolment.ts'

export interface Answer {
  status: number
  headers: Record<string, string | string[] | undefined>
  text: string
  // oxlint-disable-next-line typescript/no-explicit-any -- whatever the server says; tests look at what they need
  json: any
}

interface Asked {
  method?: string
  headers?: Record<string, string>
  body?: unknown
}

/** What a browser sends with a request that a page of the console makes. */
export const ownPage = { 'sec-fetch-site': 'same-origin', 'x-trivet-console': '1' }

/** Asks as a browser does, with the cookies that it was given; `cookies` has them as they were set. */
export function visitor({ url, ca }: { url: string; ca: string }, localAddress = '127.0.0.1') {
  const cookies = new Map<string, string>()
  const ask = (path: string, { method = 'GET', headers = ownPage, body }: Asked = {}) =>
    new Promise<Answer>((resolve, reject) => {
      const cookie = [...cookies].map(([name, set]) => `${name}=${set.split(';')[0]}`).join('; ')
      const json = body === undefined ? undefined : JSON.stringify(body)
      const sent = {
        ...headers,
        ...(cookie && { cookie }),
        ...(json !== undefined && { 'content-type': 'application/json' }),
      }
      const options = { method, ca, servername: serverName, agent: false, headers: sent, localAddress }
      const asking = request(new URL(path, url), options, (response) => {
        let text = ''
        response.on('data', (part: Buffer) => (text += part.toString()))
        response.on('error', reject)
        response.on('end', () => {
          for (const set of response.headers['set-cookie'] ?? []) keep(cookies, set)
          const isJson = response.headers['content-type']?.includes('json')
          const { statusCode: status = 0, headers: told } = response
          resolve({ status, headers: told, text, json: isJson ? JSON.parse(text) : undefined })
        })
      })
      asking.on('error', reject)
      asking.end(json)
    })
  return { cookies, ask }
}
export type Visitor = ReturnType<typeof visitor>

function keep(cookies: Map<string, string>, set: string) {
  const [, name, rest] = /^([^=]+)=(.*)$/.exec(set) ?? []
  assert(name !== undefined && rest !== undefined, set)
  if (rest.startsWith(';')) cookies.delete(name)
  else cookies.set(name, rest)
}
