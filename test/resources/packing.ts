import { Header } from 'tar'
import { crc32 } from 'node:zlib'

export interface Piece {
  path: string
  /** As tar names it; a file where left out. */
  type?: 'File' | 'Directory' | 'SymbolicLink' | 'Link' | 'CharacterDevice' | 'BlockDevice' | 'FIFO'
  text?: string | Buffer
  to?: string
  mode?: number
}

const modified = new Date('2024-05-06T07:08:10Z')

/** A tar with just these entries, however hostile. */
export function tarOf(pieces: Piece[]) {
  const blocks = pieces.flatMap(({ path, type = 'File', text = '', to, mode = 0o644 }) => {
    const body = Buffer.from(text)
    const header = new Header({
      path,
      type,
      mode,
      size: body.length,
      mtime: modified,
      uid: 1234,
      gid: 1234,
      ...(to && { linkpath: to }),
    })
    header.encode()
    const padding = Buffer.alloc((512 - (body.length % 512)) % 512)
    return [header.block ?? Buffer.alloc(0), body, padding]
  })
  return Buffer.concat([...blocks, Buffer.alloc(1024)])
}

const unixModes = { File: 0o100000, Directory: 0o40000, SymbolicLink: 0o120000, CharacterDevice: 0o20000 }

/** A zip with just these entries, stored. */
export function zipOf(pieces: (Piece & { type?: keyof typeof unixModes; claims?: number })[]) {
  const local: Buffer[] = []
  const central: Buffer[] = []
  let at = 0
  for (const { path, type = 'File', text, to, mode = 0o644, claims } of pieces) {
    const name = Buffer.from(path)
    const body = Buffer.from(text ?? to ?? '')
    const shared = Buffer.alloc(26)
    shared.writeUInt16LE(20, 0)
    shared.writeUInt16LE(0x38e5, 6)
    shared.writeUInt16LE(0x58a6, 8)
    shared.writeUInt32LE(crc32(body), 10)
    shared.writeUInt32LE(body.length, 14)
    shared.writeUInt32LE(claims ?? body.length, 18)
    shared.writeUInt16LE(name.length, 22)
    const entry = Buffer.alloc(46)
    entry.writeUInt32LE(0x02014b50, 0)
    entry.writeUInt16LE((3 << 8) | 20, 4)
    shared.copy(entry, 6)
    entry.writeUInt32LE(((unixModes[type] | mode) << 16) >>> 0, 38)
    entry.writeUInt32LE(at, 42)
    const signature = Buffer.from('504b0304', 'hex')
    local.push(signature, shared, name, body)
    central.push(entry, name)
    at += 30 + name.length + body.length
  }
  const directory = Buffer.concat(central)
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(pieces.length, 8)
  end.writeUInt16LE(pieces.length, 10)
  end.writeUInt32LE(directory.length, 12)
  end.writeUInt32LE(at, 16)
  return Buffer.concat([...local, directory, end])
}
