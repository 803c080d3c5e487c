// D-Bus's wire format as far as we need it: calls whose arguments are strings, answers and signals of strings and flags.
// https://dbus.freedesktop.org/doc/dbus-specification.html

export type Value = string | number | boolean

export interface Call {
  path: string
  interface: string
  member: string
  args: string[]
}

export interface Message {
  kind: 'call' | 'answer' | 'error' | 'signal'
  path: string
  member: string
  /** The serial number of the call that is answered. */
  answers: Value | undefined
  /** Decoded only when somebody asks. */
  body: () => Value[]
}

const kinds = [undefined, 'call', 'answer', 'error', 'signal'] as const
/** Codes of header fields. */
const codes = { path: 1, interface: 2, member: 3, answers: 5, signature: 8 } as const
const fixedBytes = 16
/** The most that stands round a text: a field's code and type, the length, the end, what aligns it, and its letter in the signature. */
const roundText = 24

export function encodeCall(serial: number, call: Call) {
  const texts = [call.path, call.interface, call.member, ...call.args]
  const room = texts.reduce((sum, text) => sum + Buffer.byteLength(text) + roundText, fixedBytes + roundText)
  const writer = new Writer(Buffer.alloc(room), fixedBytes)
  writer.field(codes.path, 'o').text(call.path)
  writer.field(codes.interface, 's').text(call.interface)
  writer.field(codes.member, 's').text(call.member)
  writer.field(codes.signature, 'g').signature('s'.repeat(call.args.length))
  const headerBytes = writer.at - fixedBytes
  const body = writer.align(8).at
  for (const arg of call.args) writer.align(4).text(arg)
  const bytes = writer.done()
  bytes.write(`l${String.fromCharCode(kinds.indexOf('call'))}\0\x01`, 'latin1')
  bytes.writeUInt32LE(bytes.length - body, 4)
  bytes.writeUInt32LE(serial, 8)
  bytes.writeUInt32LE(headerBytes, 12)
  return bytes
}

/** How many bytes the message has that begins here; undefined as long as that cannot be told. */
export function lengthOf(bytes: Buffer) {
  return bytes.length < fixedBytes ? undefined : bodyAt(bytes) + new Reader(bytes, 4).number()
}

function bodyAt(bytes: Buffer) {
  return fixedBytes + aligned(new Reader(bytes, 12).number(), 8)
}

/** Takes the bytes of exactly one message. */
export function decode(bytes: Buffer): Message {
  const reader = new Reader(bytes, 12)
  const fields: Value[] = []
  for (const end = reader.number() + fixedBytes; reader.at < end;) fields[reader.align(8).byte()] = reader.read('v')
  const text = (code: number) => String(fields[code] ?? '')
  return {
    kind: kinds[bytes[1] ?? 0] ?? 'call',
    path: text(codes.path),
    member: text(codes.member),
    answers: fields[codes.answers],
    body: () => {
      const body = new Reader(bytes, bodyAt(bytes))
      return Array.from(text(codes.signature), (type) => body.read(type))
    },
  }
}

function aligned(at: number, size: number) {
  return Math.ceil(at / size) * size
}

/** Writes into zeros that are long enough. Alignment is counted from the message's beginning, here as where it is read. */
class Writer {
  at: number
  readonly #bytes: Buffer

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes
    this.at = at
  }

  align(size: number) {
    this.at = aligned(this.at, size)
    return this
  }

  field(code: number, type: string) {
    this.at = this.#bytes.writeUInt8(code, aligned(this.at, 8))
    return this.signature(type)
  }

  text(text: string) {
    const length = this.#bytes.write(text, this.at + 4)
    this.at = this.#bytes.writeUInt32LE(length, this.at) + length + 1
  }

  signature(types: string) {
    this.at = this.#bytes.writeUInt8(types.length, this.at)
    this.at += this.#bytes.write(types, this.at) + 1
    return this
  }

  done() {
    return this.#bytes.subarray(0, this.at)
  }
}

class Reader {
  at: number
  readonly #bytes: Buffer

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes
    this.at = at
  }

  align(size: number) {
    this.at = aligned(this.at, size)
    return this
  }

  byte() {
    return this.#bytes.readUInt8(this.at++)
  }

  number() {
    const at = aligned(this.at, 4)
    this.at = at + 4
    return this.#bytes[0] === 0x6c ? this.#bytes.readUInt32LE(at) : this.#bytes.readUInt32BE(at)
  }

  read(type: string): Value {
    if (type === 's' || type === 'o') return this.#text(this.number())
    if (type === 'g') return this.#text(this.byte())
    if (type === 'v') return this.read(this.#text(this.byte()))
    if (type === 'u') return this.number()
    if (type === 'b') return this.number() === 1
    throw new Error(`a D-Bus message has a value of type ${type}, which we do not read`)
  }

  #text(length: number) {
    const start = this.at
    this.at += length + 1
    return this.#bytes.toString('utf8', start, start + length)
  }
}
