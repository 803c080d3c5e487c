import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { BridgeConfig } from '../config.ts'
import { metricsText } from './metrics.ts'
import { type Status, statusJson, statusText } from './status.ts'

/** `/status` for people and, where JSON is asked for, programs; `/health` by its code alone; `/metrics` for Prometheus. They only tell. */
export async function servePages(status: Status, { address, port }: BridgeConfig['status']): Promise<Server> {
  const server = createServer((request, response) => {
    const page = pageOf(status, request.url ?? '/', request.headers.accept ?? '', Date.now())
    response.writeHead(page.code, { 'content-type': page.type, 'cache-control': 'no-store' })
    response.end(page.text)
  })
  server.requestTimeout = 5000
  server.listen(port, address)
  await once(server, 'listening')
  return server
}

export function pageOf(status: Status, url: string, accept: string, now: number) {
  const plain = 'text/plain; charset=utf-8'
  const [path] = url.split('?')
  if (path === '/status' || path === '/') {
    if (accept.includes('json') || url.endsWith('?json'))
      return { code: 200, type: 'application/json', text: `${JSON.stringify(statusJson(status, now), null, 2)}\n` }
    return { code: 200, type: plain, text: statusText(status, now) }
  }
  if (path === '/metrics') return { code: 200, type: 'text/plain; version=0.0.4', text: metricsText(status, now) }
  const isWell = status.state === 'ok' || status.state === 'stale'
  if (path === '/health') return { code: isWell ? 200 : 503, type: plain, text: `${status.state}\n` }
  return { code: 404, type: plain, text: 'There are /status, /health and /metrics.\n' }
}
