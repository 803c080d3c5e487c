import { connect, type Socket } from 'node:net'
import { asError } from '../../../protocol/errors.ts'
import { type Call, decode, encodeCall, lengthOf, type Message, type Value } from './message.ts'

/** The other side has closed the connection. */
export class Disconnected extends Error {}
/** The other side does not talk to us. */
export class Refused extends Error {}
/** A call was answered with an error. */
export class CallFailed extends Error {}

/** What a connection tells by itself. */
export interface Told {
  signal: (signal: Message) => void
  ended: () => void
}

interface Waiting {
  resolve: (body: Value[]) => void
  reject: (error: Error) => void
}

/**
 * A connection to a D-Bus peer, without a bus between. It takes calls from the start, many at a time; those that have no answer when it
 * ends fail with the reason. By itself it keeps no process alive, and waits forever.
 */
export class Connection {
  readonly #told: Told
  readonly #socket: Socket
  readonly #waiting = new Map<Message['answers'], Waiting>()
  #received: Buffer = Buffer.alloc(0)
  #isIn = false
  #unsent: Buffer[] = []
  #serial = 0
  #cause: Error

  constructor(path: string, told: Told) {
    this.#told = told
    this.#cause = new Disconnected(`the other side closed ${path}`)
    this.#socket = connect(path).unref()
    this.#socket.on('error', (error) => (this.#cause = error))
    this.#socket.on('data', (chunk) => this.#receive(chunk))
    this.#socket.once('close', () => this.#end())
    const user = Buffer.from(String(process.getuid?.())).toString('hex')
    // BEGIN goes ahead of the answer, as systemd's own clients send it: systemd overlooks a call that comes together with BEGIN.
    this.#socket.write(`\0AUTH EXTERNAL ${user}\r\nBEGIN\r\n`)
  }

  call(call: Call): Promise<Value[]> {
    if (this.#socket.destroyed) return Promise.reject(this.#cause)
    const serial = ++this.#serial
    this.#unsent.push(encodeCall(serial, call))
    if (this.#unsent.length === 1) queueMicrotask(() => this.#flush())
    return new Promise((resolve, reject) => this.#waiting.set(serial, { resolve, reject }))
  }

  end(cause: Error) {
    this.#socket.destroy(cause)
  }

  #end() {
    for (const { reject } of this.#waiting.values()) reject(this.#cause)
    this.#waiting.clear()
    this.#told.ended()
  }

  // All calls of one turn go out in one write.
  #flush() {
    if (!this.#isIn || this.#unsent.length === 0) return
    this.#socket.write(Buffer.concat(this.#unsent))
    this.#unsent = []
  }

  #receive(chunk: Buffer) {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk])
    try {
      if (!this.#isIn) this.#enter()
      if (this.#isIn) this.#takeMessages()
    } catch (error) {
      this.end(asError(error))
    }
  }

  #enter() {
    const end = this.#received.indexOf('\r\n')
    if (end < 0) return
    const answer = this.#received.toString('latin1', 0, end)
    if (!answer.startsWith('OK ')) throw new Refused(answer)
    this.#received = this.#received.subarray(end + 2)
    this.#isIn = true
    this.#flush()
  }

  #takeMessages() {
    for (;;) {
      const length = lengthOf(this.#received)
      if (length === undefined || this.#received.length < length) return
      const bytes = this.#received.subarray(0, length)
      this.#received = this.#received.subarray(length)
      this.#take(decode(bytes))
    }
  }

  #take(message: Message) {
    if (message.kind === 'signal') return this.#told.signal(message)
    const waiting = this.#waiting.get(message.answers)
    if (!waiting) return
    this.#waiting.delete(message.answers)
    if (message.kind === 'answer') waiting.resolve(message.body())
    else waiting.reject(new CallFailed(String(message.body()[0])))
  }
}
