import { request as ask } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import type { Answer, Call } from '../shared/http.ts'
import type { Latch } from './latch.ts'

/** What a standby does with all that it is asked: it hands it to the leader. */
export async function proxy(call: Call, latch: Latch, self: string): Promise<Answer | 'handled'> {
  const { request, response, method, body } = call
  const via = [request.headers['x-marathon-via'] ?? []].flat().join(', ')
  if (via.includes(self)) return { status: 502, body: { message: 'Detected proxying loop.' } }
  const leader = await leaderOf(latch)
  if (leader === undefined) return { status: 502, body: { message: 'Could not determine the current leader' } }
  const mark = via === '' ? `1.1 ${self}` : `${via}, 1.1 ${self}`
  const [host, port] = splitHost(leader)
  const { connection: _connection, 'transfer-encoding': _encoding, ...headers } = request.headers
  const forwarded = [request.headers['x-forwarded-for'] ?? [], request.socket.remoteAddress ?? ''].flat().join(', ')
  return new Promise((resolve) => {
    const asking = ask(
      {
        host,
        port,
        method,
        path: request.url,
        agent: false,
        timeout: 10_000,
        headers: {
          ...headers,
          'x-marathon-via': mark,
          'x-forwarded-for': forwarded,
          'content-length': Buffer.byteLength(body),
        },
      },
      (answer) => {
        for (const [name, value] of Object.entries(answer.headers))
          if (value !== undefined && name !== 'connection') response.setHeader(name, value)
        response.setHeader('X-Marathon-Via', mark)
        response.writeHead(answer.statusCode ?? 502)
        answer.pipe(response)
        resolve('handled')
      },
    )
    asking.on('timeout', () => asking.destroy(new Error('timeout')))
    asking.on('error', () => resolve({ status: 502, body: { message: 'Connection to leader refused.' } }))
    asking.end(body)
  })
}

async function leaderOf(latch: Latch) {
  for (let tries = 0; tries < 10 && latch.leader === undefined; tries++) await pause(250)
  return latch.leader
}

function splitHost(leader: string): [string, number] {
  const at = leader.lastIndexOf(':')
  return [leader.slice(0, at), Number(leader.slice(at + 1))]
}
