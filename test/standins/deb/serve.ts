import { once } from 'node:events'
import { createReadStream, existsSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { basename, join } from 'node:path'

export interface DebServer {
  /** Of a file of the folder. */
  urlOf: (file: string) => string
  close: () => Promise<void>
}

/** Gives the files of the folder over HTTP to the nodes of a lab: `host` is its gateway. */
export async function serveDebs(dir: string, host: string): Promise<DebServer> {
  const server = createServer((request, response) => {
    const path = join(dir, basename(decodeURIComponent(request.url ?? '')))
    if (!existsSync(path) || !statSync(path).isFile()) return response.writeHead(404).end()
    response.writeHead(200, {
      'content-length': statSync(path).size,
      'content-type': 'application/vnd.debian.binary-package',
    })
    if (request.method === 'HEAD') return response.end()
    return createReadStream(path).pipe(response)
  })
  server.listen(0, host)
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  return {
    urlOf: (file) => `http://${host}:${port}/${encodeURIComponent(file)}`,
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
