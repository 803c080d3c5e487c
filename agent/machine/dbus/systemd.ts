import { setTimeout as pause } from 'node:timers/promises'
import { codeOf, messageOf } from '../../../protocol/errors.ts'
import { Connection, Disconnected, Refused, type Told } from './connection.ts'
import type { Call } from './message.ts'

const socketPath = '/run/systemd/private'
const unitsPath = '/org/freedesktop/systemd1/unit/'
/** How long systemd may take to answer; a daemon-reload of a large machine holds it for seconds. */
const patienceMs = 25_000
const retryMs = 50
/** While systemd executes itself anew, nobody listens at its socket. */
const passing = ['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'EAGAIN']

export interface Listener {
  signal: Told['signal']
  /** The connection is lost, and with it any signal until somebody asks again. */
  lost: () => void
}

/** systemd at its own socket, which root may use, with no bus between. One connection is kept, made when somebody asks, and made again when it was lost. */
export class Systemd {
  readonly listeners = new Set<Listener>()
  readonly #path: string
  #connection: Connection | undefined

  constructor(path = socketPath) {
    this.#path = path
  }

  /** Asks only what may be asked twice: where systemd goes away in the middle of it, it is asked again once it is back. */
  async ask<Answer>(exchange: (connection: Connection) => Promise<Answer>, atMostMs = patienceMs) {
    const timeoutMs = Math.min(atMostMs, patienceMs)
    const deadline = performance.now() + timeoutMs
    for (;;) {
      const connection = (this.#connection ??= this.#connect())
      const timer = setTimeout(() => connection.end(this.#noAnswer(timeoutMs)), deadline - performance.now())
      try {
        return await exchange(connection)
      } catch (error) {
        if (!isPassing(error)) throw error
        if (performance.now() >= deadline) throw this.#noAnswer(timeoutMs, error)
      } finally {
        clearTimeout(timer)
      }
      await pause(retryMs)
    }
  }

  #noAnswer(timeoutMs: number, cause?: unknown) {
    const why = cause === undefined ? '' : ` (${messageOf(cause)})`
    return new Error(
      `systemd gave no answer at ${this.#path} within ${timeoutMs / 1000} s${why}. Look with \`journalctl -b _PID=1\` at what holds it.`,
    )
  }

  #connect() {
    return new Connection(this.#path, {
      signal: (signal) => this.listeners.forEach((listener) => listener.signal(signal)),
      ended: () => {
        this.#connection = undefined
        this.listeners.forEach((listener) => listener.lost())
      },
    })
  }
}

function isPassing(error: unknown) {
  return error instanceof Disconnected || passing.includes(codeOf(error) ?? '')
}

/** There is no such socket (here, or for such as us), and asking again would not help. */
export function isClosedToUs(error: unknown) {
  return error instanceof Refused || ['ENOENT', 'EACCES', 'EPERM'].includes(codeOf(error) ?? '')
}

/** A call that gives a property of a unit; `holder` is the interface that has it. systemd loads a unit that is asked about. */
export function propertyOf(unit: string, holder: string, property: string): Call {
  const args: Call['args'] = [`org.freedesktop.systemd1.${holder}`, property]
  return { path: objectOf(unit), interface: 'org.freedesktop.DBus.Properties', member: 'Get', args }
}

/** The D-Bus object that stands for a unit. */
export function objectOf(unit: string) {
  return unitsPath + unit.replace(/[^A-Za-z0-9]|^\d/g, (char) => `_${char.charCodeAt(0).toString(16).padStart(2, '0')}`)
}
