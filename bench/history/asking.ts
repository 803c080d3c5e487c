import { spawn } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { Agent, request } from 'node:https'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { CommandError } from '../../cli/command.ts'
import type { Login } from '../../cli/login-file.ts'
import { serverName } from '../../protocol/enrolment.ts'
import { fetchCa } from '../../protocol/pin.ts'
import { formatToken, parseInvitation } from '../../protocol/token.ts'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** Asks a path, and gives the ms until the whole answer was there, and its bytes. */
export type Ask = (path: string) => Promise<{ ms: number; bytes: number }>

/** A server on the data, in a process of its own, and its first admin's login, which is kept beside the data. */
export async function withServer<Result>(data: string, work: (login: Login) => Promise<Result>): Promise<Result> {
  const kept = join(data, 'invitation')
  const argv = [
    'server',
    '--data',
    data,
    '--listen',
    '127.0.0.1:0',
    '--recipes',
    here('../recipes'),
    '--roles',
    here('../roles'),
    // It asks faster than anybody else.
    '--rate-limit',
    '1000000000',
  ]
  const child = spawn(here('../../bin/trivet'), argv, { stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = once(child, 'close')
  try {
    const url = await listening(child.stderr)
    if (!existsSync(kept)) {
      const [said] = await once(child.stdout, 'data', { signal: AbortSignal.timeout(10_000) })
      writeFileSync(kept, String(said).replace('trivet login ', '').trim(), { mode: 0o600 })
    }
    const invitation = parseInvitation(readFileSync(kept, 'utf8'))
    if (!invitation) throw new CommandError(`${kept} holds no invitation: give another folder`)
    const { token } = invitation
    return await work({ url, ca: await fetchCa(url, token.ca), token: formatToken(token) })
  } finally {
    child.kill('SIGTERM')
    await ended
  }
}

/** The address that the server says it listens on. */
async function listening(stderr: NodeJS.ReadableStream) {
  const said: string[] = []
  for await (const line of createInterface({ input: stderr })) {
    const url = /listens on (https:[^"\s]+)/.exec(line)?.[1]
    said.push(line)
    if (!url) continue
    stderr.resume()
    return url
  }
  throw new CommandError(`the server did not start: ${said.slice(-3).join(' ')}`)
}

/** Asks over one connection. */
export function asker({ url, ca, token }: Login): Ask {
  const agent = new Agent({ keepAlive: true, maxSockets: 1, ca, servername: serverName })
  const headers = { authorization: `Bearer ${token}` }
  return async (path) => {
    const since = performance.now()
    const [status, body] = await new Promise<[number, Buffer]>((resolve, reject) => {
      const sent = request(`${url}${path}`, { agent, headers }, (response) => {
        const parts: Buffer[] = []
        response.on('data', (part: Buffer) => parts.push(part))
        response.on('end', () => resolve([response.statusCode ?? 0, Buffer.concat(parts)]))
      })
      sent.on('error', reject)
      sent.end()
    })
    if (status !== 200) throw new CommandError(`${path} was answered by ${status}: ${body.toString().slice(0, 300)}`)
    return { ms: performance.now() - since, bytes: body.length }
  }
}
