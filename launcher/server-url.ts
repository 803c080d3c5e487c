import { once } from 'node:events'
import { connect, isIP } from 'node:net'
import { CommandError, UsageError } from '../cli/command.ts'
import { messageOf } from '../protocol/errors.ts'

/** Where nodes find the server. */
export class ServerUrl {
  readonly #said: string | undefined
  readonly #login: string
  readonly #hostAddress: HostAddress
  #found: Promise<string> | undefined

  /** `said`: by the operator. `hostAddress`: how machines reach this one, if they do. */
  constructor(said: string | undefined, login: string, hostAddress: HostAddress) {
    this.#said = said
    this.#login = login
    this.#hostAddress = hostAddress
  }

  /** An error where nodes cannot reach it, as far as that can be told before anything is made. */
  check() {
    if (!this.#isAtHost()) urlForNodes(this.#said, this.#login)
  }

  /** Once what machines need around them is there. */
  find() {
    this.#found ??= this.#isAtHost() ? this.#atHost() : Promise.resolve(urlForNodes(this.#said, this.#login))
    return this.#found
  }

  #isAtHost() {
    return this.#said === undefined && this.#hostAddress && isOnlyHere(new URL(this.#login).hostname)
  }

  async #atHost() {
    const url = new URL(this.#login)
    url.hostname = (await this.#hostAddress?.()) ?? url.hostname
    await requireListens(url)
    return url.origin
  }
}

type HostAddress = (() => Promise<string>) | undefined

async function requireListens({ hostname, host, port }: URL) {
  const socket = connect(Number(port || 443), hostname)
  try {
    await once(socket, 'connect')
  } catch (error) {
    throw new CommandError(
      `Nodes look for the server at ${host}, and nothing listens there: ${messageOf(error)}. Next: trivet server --listen 0.0.0.0:${port || 443}`,
      { cause: error },
    )
  } finally {
    socket.destroy()
  }
}

/** The server's address as nodes shall call it: what was said, or the login's. This machine's own loopback is nobody else's. */
export function urlForNodes(said: string | undefined, login: string): string {
  const url = URL.canParse(said ?? login) ? new URL(said ?? login) : undefined
  if (url?.protocol !== 'https:') {
    throw new UsageError(`${said ?? login} is no https://HOST:PORT of a server, as nodes could reach it.`)
  }
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') {
    throw new UsageError(`${url.href} has more than the address of a server. Next: --server-url ${url.origin}`)
  }
  if (isOnlyHere(url.hostname)) {
    throw new UsageError(
      `Nodes cannot reach the server at ${url.host}, which is this machine alone. Next: have it listen for others (trivet server --listen 0.0.0.0:${url.port || 443}), ` +
        'and say --server-url https://ADDRESS:PORT with the address of this machine as nodes see it',
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
