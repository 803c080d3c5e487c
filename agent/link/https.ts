import { request } from 'node:https'
import { serverName } from '../../protocol/enrolment.ts'

/** What is needed to speak with the server and no other: its address and its CA. */
export interface ServerAddress {
  url: string
  /** PEM */
  ca: string
}

/** TLS options by which only the server of that CA is believed, at whatever address it is reached, whatever the environment says. */
export function pinnedTo({ ca }: Pick<ServerAddress, 'ca'>) {
  return { ca, servername: serverName, minVersion: 'TLSv1.3' as const, rejectUnauthorized: true }
}

/** POSTs JSON and gives status and bytes. Rejects when there is no answer within `timeoutMs`. */
export function post(
  server: ServerAddress,
  path: string,
  body: unknown,
  { bearer, timeoutMs = 30_000 }: { bearer?: string; timeoutMs?: number } = {},
) {
  const text = JSON.stringify(body)
  const headers = {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
  }
  return new Promise<{ status: number; bytes: Buffer }>((resolve, reject) => {
    const asked = request(
      new URL(path, server.url),
      { method: 'POST', headers, timeout: timeoutMs, agent: false, ...pinnedTo(server) },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () => resolve({ status: response.statusCode ?? 0, bytes: Buffer.concat(chunks) }))
        response.on('error', reject)
      },
    )
    asked.on('timeout', () => asked.destroy(new Error(`${server.url} did not answer within ${timeoutMs / 1000} s`)))
    asked.on('error', reject)
    asked.end(text)
  })
}
