import { connect } from 'node:net'

const longestMs = 5000
const mostBytes = 32 * 1024 * 1024

/** Asks HAProxy through one of its sockets and gives all that it answers. */
export function ask(path: string, line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(path)
    const chunks: Buffer[] = []
    let bytes = 0
    const fail = (why: string) => socket.destroy(new Error(`${path} did not answer '${line.slice(0, 60)}': ${why}`))
    socket.setTimeout(longestMs, () => fail(`nothing came for ${longestMs} ms`))
    // The master's socket answers when nothing more can come.
    socket.on('connect', () => socket.end(`${line}\n`))
    socket.on('data', (chunk) => {
      bytes += chunk.length
      chunks.push(chunk)
      if (bytes > mostBytes) fail(`more than ${mostBytes} bytes`)
    })
    socket.on('error', reject)
    socket.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')))
    socket.on('close', () => reject(new Error(`${path} was closed before it answered '${line.slice(0, 60)}'`)))
  })
}
