import type { FastifyInstance, FastifyRequest } from 'fastify'
import { constants } from 'node:fs'
import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sha256 } from '../../protocol/catalog.ts'
import { hasCode, unlessMissing } from '../../protocol/errors.ts'
import { versionsIn } from './handed-out.ts'

const script = new URL('install.sh', import.meta.url)
/** As `npm run build:agent` names what it hands out: no folder, nothing hidden. */
const handedOut = /^(SHA256SUMS(?:\.sig)?|trivet-agent[-_][\w.+-]+)$/

/** Not through a link, and with no wait for who would write to a pipe. */
const unfollowed = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

/**
 * What a machine that is to be a node needs, for everybody to have: the script that installs the agent, the CA (`ca`, PEM), which the script knows by the
 * token, and what `npm run build:agent` has made in `folder`.
 */
export class Handout {
  readonly #folder: string
  readonly #ca: string

  constructor(folder: string, ca: string) {
    this.#folder = folder
    this.#ca = ca
  }

  /** The SHA-256 of the script: who is told it by the API can take the script from anybody. Undefined while there is no agent to be installed. */
  async installer() {
    return (await this.#read('SHA256SUMS')) !== undefined ? sha256(await readFile(script)) : undefined
  }

  /** Which versions there are, and whether they are signed: agents take no other. */
  async versions() {
    const sums = await this.#read('SHA256SUMS')
    return { versions: versionsIn(sums ?? ''), isSigned: (await this.#read('SHA256SUMS.sig')) !== undefined }
  }

  register(app: FastifyInstance) {
    app.get('/agent/install.sh', async (_request, reply) =>
      reply.type('text/x-shellscript; charset=utf-8').send(await readFile(script)),
    )
    app.get('/agent/ca.pem', (_request, reply) => reply.type('application/x-pem-file').send(this.#ca))
    app.get('/agent/:file', async ({ params }: FastifyRequest<{ Params: { file: string } }>, reply) => {
      const found = await this.#open(params.file)
      if (!found) return reply.callNotFound()
      reply.header('content-length', found.size)
      return reply.type('application/octet-stream').send(found.file.createReadStream())
    })
  }

  async #read(name: string) {
    const found = await this.#open(name)
    try {
      return await found?.file.readFile('utf8')
    } finally {
      await found?.file.close()
    }
  }

  /** A regular file of the folder's own: who can put a link there could hand out any file that the server may read. */
  async #open(name: string) {
    if (!handedOut.test(name)) return undefined
    const file = await open(join(this.#folder, name), unfollowed).catch(unlessLink)
    if (!file) return undefined
    const found = await file.stat()
    if (found.isFile()) return { file, size: found.size }
    await file.close()
    return undefined
  }
}

function unlessLink(error: unknown) {
  return hasCode(error, 'ELOOP') ? undefined : unlessMissing(error)
}
