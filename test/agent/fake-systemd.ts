import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { decode, lengthOf, type Message } from '../../agent/machine/dbus/message.ts'

type Basic = string | boolean
/** What a call is answered with: a value, an error, or nothing at all. */
type Answer = Basic | Error | undefined

export interface FakeSystemd {
  path: string
  /** Every `OBJECT PROPERTY` that was asked for. */
  asked: string[]
  /** Connections so far. */
  connections: () => number
  /** Those of one turn come together. */
  signal: (member: string, args: Basic[], path?: string) => void
  /** Closes all connections, as systemd does when it executes itself anew. */
  drop: () => void
  close: () => Promise<void>
}

interface Options {
  answer?: (property: string, object: string) => Answer
  greeting?: string
  /** Says what is sent in pieces of this many bytes. */
  pieces?: number
}

/** What speaks D-Bus at a socket of its own, with an encoder of its own. */
export async function fakeSystemd(t: TestContext, options: Options = {}): Promise<FakeSystemd> {
  const { answer = () => undefined, greeting = 'OK 0123', pieces = Infinity } = options
  const dir = mkdtempSync(join(tmpdir(), 'test-'))
  const path = join(dir, 'private')
  const sockets = new Set<Socket>()
  const asked: string[] = []
  let count = 0
  const server = createServer((socket) => {
    count++
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy())
    serve(socket, greeting, pieces, (call) => {
      const property = String(call.body()[1])
      asked.push(`${call.path.slice(call.path.lastIndexOf('/') + 1)} ${property}`)
      return answer(property, call.path)
    })
  }).listen(path)
  await once(server, 'listening')
  const drop = () => sockets.forEach((socket) => socket.destroy())
  const close = async () => {
    drop()
    if (server.listening) await once(server.close(), 'close')
  }
  t.after(async () => {
    await close()
    rmSync(dir, { recursive: true })
  })
  const signal = (member: string, args: Basic[], object = '/org/freedesktop/systemd1') => {
    for (const socket of sockets) {
      socket.cork()
      socket.write(encode(4, { 1: ['o', object], 2: ['s', 'x.y'], 3: ['s', member] }, args))
      process.nextTick(() => socket.uncork())
    }
  }
  return { path, asked, connections: () => count, signal, drop, close }
}

function serve(socket: Socket, greeting: string, pieces: number, answer: (call: Message) => Answer) {
  let received = Buffer.alloc(0)
  let isIn = false
  const send = (bytes: Buffer) => {
    for (let at = 0; at < bytes.length; at += pieces) socket.write(bytes.subarray(at, at + pieces))
  }
  socket.on('data', (chunk) => {
    received = Buffer.concat([received, chunk])
    if (!isIn) {
      const begin = received.indexOf('BEGIN\r\n')
      if (begin < 0) return
      received = received.subarray(begin + 'BEGIN\r\n'.length)
      isIn = true
      send(Buffer.from(`${greeting}\r\n`))
    }
    for (let length = lengthOf(received); length && length <= received.length; length = lengthOf(received)) {
      const call = received.subarray(0, length)
      received = received.subarray(length)
      const said = answer(decode(call))
      const serial = call.readUInt32LE(8)
      if (said instanceof Error) send(encode(3, { 4: ['s', 'x.Error'], 5: ['u', serial] }, [said.message]))
      else if (said !== undefined) send(encode(2, { 5: ['u', serial] }, said, 'v'))
    }
  })
}

/** A message of systemd's. Header fields by code; a variant is given as its only value. */
function encode(
  type: number,
  fields: Record<number, [string, string | number]>,
  body: Basic | Basic[],
  signature = '',
) {
  const args = Array.isArray(body) ? body : [body]
  const types = args.map((value) => (typeof value === 'string' ? 's' : 'b')).join('')
  const bodyBytes = new Writer()
  if (signature === 'v') bodyBytes.signature(types)
  for (const value of args) bodyBytes.value(value)
  const header = new Writer()
  for (const [code, [fieldType, value]] of Object.entries({ ...fields, 8: ['g', signature || types] as const })) {
    header.align(8).byte(Number(code)).signature(fieldType)
    if (fieldType === 'g') header.signature(value)
    else header.value(value)
  }
  const start = new Writer().byte(0x6c).byte(type).byte(1).byte(1).value(bodyBytes.bytes.length).value(9)
  start.value(header.bytes.length)
  return Buffer.from([...start.bytes, ...header.align(8).bytes, ...bodyBytes.bytes])
}

class Writer {
  readonly bytes: number[] = []

  align(size: number) {
    while (this.bytes.length % size !== 0) this.bytes.push(0)
    return this
  }

  byte(value: number) {
    this.bytes.push(value)
    return this
  }

  value(value: Basic | number) {
    this.align(4)
    const text = typeof value === 'string' ? Buffer.from(`${value}\0`) : undefined
    const number = text ? text.length - 1 : Number(value)
    for (const shift of [0, 8, 16, 24]) this.bytes.push((number >> shift) & 255)
    if (text) this.bytes.push(...text)
    return this
  }

  signature(text: string) {
    this.bytes.push(text.length, ...Buffer.from(`${text}\0`))
    return this
  }
}
