import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { connect } from 'node:net'
import { messageOf } from '../../protocol/errors.ts'
import type { ProbeWays } from '../../protocol/probe.ts'
import { commandFailed } from '../define.ts'
import type { Host } from '../host.ts'

const longestAnswer = 64 * 1024

/** What is wrong in a few words, or undefined when all is well: the answer of every probe. */
type Verdict = Promise<string | undefined>

/** Asks once. */
export function attempt({ tcp, http, command }: ProbeWays, timeoutMs: number, host: Pick<Host, 'run'>): Verdict {
  if (tcp) return probeTcp(tcp, timeoutMs)
  if (http) return probeHttp(http, timeoutMs)
  return probeCommand(command ?? [], timeoutMs, host)
}

function probeTcp({ host, port, send, expect }: NonNullable<ProbeWays['tcp']>, timeoutMs: number): Verdict {
  const pattern = expect === undefined ? undefined : new RegExp(expect, 'm')
  return new Promise((resolve) => {
    let said = ''
    const socket = connect({ host, port })
    const done = (verdict: string | undefined) => {
      clearTimeout(timer)
      socket.destroy()
      resolve(verdict)
    }
    const unmatched = (why: string) =>
      done(pattern ? `${why}; ${host}:${port} ${quoted(said)}, which does not match ${expect}` : undefined)
    const timer = setTimeout(
      () =>
        done(
          `${host}:${port} ${socket.connecting ? 'did not connect' : quoted(said)} within ${Math.round(timeoutMs)} ms`,
        ),
      timeoutMs,
    )
    socket.on('connect', () => {
      if (send !== undefined) socket.write(send)
      if (!pattern) done(undefined)
    })
    socket.on('data', (bytes) => {
      said = (said + bytes.toString()).slice(-longestAnswer)
      if (pattern?.test(said)) done(undefined)
    })
    socket.on('error', (error) => done(messageOf(error)))
    socket.on('close', () => unmatched('closed'))
  })
}

function probeHttp({ url, status, expect }: NonNullable<ProbeWays['http']>, timeoutMs: number): Verdict {
  return new Promise((resolve) => {
    const signal = AbortSignal.timeout(Math.ceil(timeoutMs))
    const failed = (error: Error) =>
      resolve(signal.aborted ? `${url} did not answer within ${Math.round(timeoutMs)} ms` : messageOf(error))
    const request = url.startsWith('https:') ? requestHttps : requestHttp
    const asked = request(url, { signal, agent: false }, (response) => {
      let body = ''
      response.on('data', (bytes: Buffer) => (body = (body + bytes.toString()).slice(0, longestAnswer)))
      response.on('error', failed)
      response.on('end', () => resolve(judge(response.statusCode ?? 0, body)))
    })
    asked.on('error', failed)
    asked.end()
  })

  function judge(got: number, body: string) {
    const fits = status === undefined ? got >= 200 && got < 300 : [status].flat().includes(got)
    if (!fits)
      return `${url} answered with ${got}${status === undefined ? '' : `, not ${[status].flat().join(' or ')}`}: ${quoted(body)}`
    if (expect !== undefined && !new RegExp(expect, 'm').test(body))
      return `${url} ${quoted(body)}, which does not match ${expect}`
    return undefined
  }
}

async function probeCommand(argv: string[], timeoutMs: number, host: Pick<Host, 'run'>): Verdict {
  try {
    const result = await host.run(argv, { timeoutMs: Math.ceil(timeoutMs) })
    return result.exitCode === 0 ? undefined : commandFailed(argv, result)
  } catch (error) {
    return messageOf(error)
  }
}

function quoted(said: string) {
  return said ? `said ${JSON.stringify(said.slice(0, 200))}` : 'said nothing'
}
