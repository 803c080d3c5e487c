import { appendFileSync, readFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { createServer } from 'node:https'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { give } from '../../resources/give.ts'
import { standInMarathon } from '../../resources/stand-in-marathon.ts'

/** What lies in the directory over HTTPS, a JSON document that PUT replaces, and a stand-in for Marathon: all on the node itself. */
const [, , dir = '/srv/elsewhere'] = process.argv

const shelf = createServer({ cert: readFileSync(join(dir, 'server.pem')), key: readFileSync(join(dir, 'server.key')) })
shelf.on('request', (request, response) => {
  const [kind = '', name = ''] = (request.url ?? '').slice(1).split('/')
  appendFileSync(join(dir, 'log'), `${request.url} ${request.headers.range ?? '-'}\n`)
  if (name === '') return give(request, response, readFileSync(join(dir, kind)))
  const bytes = readFileSync(join(dir, name))
  // What stalls says no more after a while, and does not end.
  if (kind === 'stalling' && !request.headers.range) {
    response.writeHead(200, { 'content-length': bytes.length }).write(bytes.subarray(0, 3_000_000))
    return undefined
  }
  return give(request, response, bytes, kind === 'breaking' ? 3_000_000 : Infinity)
})
shelf.listen(8443, '127.0.0.1')

let settings: unknown = { persistent: { other: 'filled in' } }
const answer = async (method: string | undefined, body: string) => {
  if (method === 'PUT') settings = JSON.parse(body)
  return JSON.stringify(settings)
}
createHttpServer((request, response) => {
  void text(request)
    .then((body) => answer(request.method, body))
    .then((said) => response.end(said))
}).listen(9200, '127.0.0.1')

standInMarathon({ deploymentMs: 1000 }).listen(8080, '127.0.0.1')
