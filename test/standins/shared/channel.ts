import { request as ask, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { createInterface } from 'node:readline'

/**
 * How the stand-ins speak to each other, in the place of libprocess: JSON lines both ways over a connection that was upgraded from the HTTP of the
 * master's port. No real scheduler or agent ever speaks to a stand-in, so that only they must understand it.
 */
export class Channel {
  readonly #socket: Duplex
  #isOpen = true

  constructor(socket: Duplex, heard: (line: string) => void, closed: () => void) {
    this.#socket = socket
    createInterface({ input: socket }).on('line', (line) => {
      if (line !== '') heard(line)
    })
    socket.on('error', () => undefined)
    // HTTP leaves half of it open.
    socket.on('end', () => socket.destroy())
    socket.on('close', () => {
      if (!this.#isOpen) return
      this.#isOpen = false
      closed()
    })
  }

  say(message: object) {
    if (this.#isOpen) this.#socket.write(`${JSON.stringify(message)}\n`)
  }

  /** Ends it without being told of the end. */
  drop() {
    this.#isOpen = false
    this.#socket.destroy()
  }

  get isOpen() {
    return this.#isOpen
  }
}

export const upgradeName = 'mesos-stand-in'

/** Connects to a master as `kind`; throws where none listens. */
export function openChannel(
  at: { host: string; port: number; kind: 'agent' | 'framework' },
  heard: (line: string) => void,
  closed: () => void,
): Promise<Channel> {
  return new Promise((resolve, reject) => {
    const asking = ask({
      host: at.host,
      port: at.port,
      path: `/stand-in/${at.kind}`,
      headers: { connection: 'Upgrade', upgrade: upgradeName },
      signal: AbortSignal.timeout(5000),
      agent: false,
    })
    asking.on('upgrade', (_response: IncomingMessage, socket: Socket) => {
      socket.setKeepAlive(true, 5000)
      resolve(new Channel(socket, heard, closed))
    })
    asking.on('response', (response) => {
      response.resume()
      reject(new Error(`${at.host}:${at.port} answered ${response.statusCode}`))
    })
    asking.on('error', reject)
    asking.end()
  })
}
