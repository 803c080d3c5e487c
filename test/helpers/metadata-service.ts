import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { TestContext } from 'node:test'
import { listen } from './listen.ts'

/** EC2's metadata service (IMDSv2 alone) on loopback: without a token of its own it says nothing. Gives its URL. */
export async function serveMetadata(t: TestContext, identityDocument: string | undefined) {
  const tokens = new Set<string>()
  const server = createServer((request, response) => {
    const answer = (status: number, text = '') => response.writeHead(status).end(text)
    const { method, url, headers } = request
    if (url === '/latest/api/token') {
      const ttl = Number(headers['x-aws-ec2-metadata-token-ttl-seconds'])
      if (method !== 'PUT' || !(ttl >= 1 && ttl <= 21_600)) return answer(400)
      const token = randomUUID()
      tokens.add(token)
      return answer(200, token)
    }
    if (!tokens.has(String(headers['x-aws-ec2-metadata-token']))) return answer(401)
    const isIt = method === 'GET' && url === '/latest/dynamic/instance-identity/rsa2048'
    return isIt && identityDocument !== undefined ? answer(200, `${identityDocument}\n`) : answer(404)
  })
  return (await listen(t, server)).replace('https:', 'http:')
}
