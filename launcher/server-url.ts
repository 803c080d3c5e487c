import { isIP } from 'node:net'
import { UsageError } from '../cli/command.ts'

/** The server's address as nodes shall call it: what was said, or the login's. This machine's own loopback is nobody else's. */
export function urlForNodes(said: string | undefined, login: string): string {
  const url = URL.canParse(said ?? login) ? new URL(said ?? login) : undefined
  if (url?.protocol !== 'https:') {
    throw new UsageError(`${said ?? login} is no https://HOST:PORT of a server, as nodes could reach it.`)
  }
  if (isOnlyHere(url.hostname)) {
    throw new UsageError(
      `Nodes cannot reach the server at ${url.host}, which is this machine alone. Next: have it listen for others (trivet server --listen 0.0.0.0:${url.port || 443}), ` +
        'and say --server-url https://ADDRESS:PORT with the address of this machine as nodes see it; in a lab that is its gateway, see: trivet lab list --json',
    )
  }
  return url.origin
}

function isOnlyHere(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '')
  if (isIP(host) === 4) return host.startsWith('127.') || host === '0.0.0.0'
  if (isIP(host) === 6) return host === '::1' || host === '::' || host.startsWith('::ffff:7f')
  return /(^|\.)localhost$/.test(host)
}
