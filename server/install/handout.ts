import type { FastifyInstance, FastifyRequest } from 'fastify'
import { createReadStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { sha256 } from '../../protocol/catalog.ts'
import { unlessMissing } from '../../protocol/errors.ts'
import { versionsIn } from './handed-out.ts'

const script = new URL('install.sh', import.meta.url)
/** As `npm run build:agent` names what it hands out: no folder, nothing hidden. */
const handedOut = /^(SHA256SUMS(?:\.sig)?|trivet-agent[-_][\w.+-]+)$/

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
    return (await this.#find('SHA256SUMS')) ? sha256(await readFile(script)) : undefined
  }

  /** Which versions there are, and whether they are signed: agents take no other. */
  async versions() {
    const sums = await readFile(join(this.#folder, 'SHA256SUMS'), 'utf8').catch(unlessMissing)
    return { versions: versionsIn(sums ?? ''), isSigned: (await this.#find('SHA256SUMS.sig')) !== undefined }
  }

  register(app: FastifyInstance) {
    app.get('/agent/install.sh', async (_request, reply) =>
      reply.type('text/x-shellscript; charset=utf-8').send(await readFile(script)),
    )
    app.get('/agent/ca.pem', (_request, reply) => reply.type('application/x-pem-file').send(this.#ca))
    app.get('/agent/:file', async ({ params }: FastifyRequest<{ Params: { file: string } }>, reply) => {
      const found = await this.#find(params.file)
      if (!found) return reply.callNotFound()
      reply.header('content-length', found.size)
      return reply.type('application/octet-stream').send(createReadStream(found.path))
    })
  }

  async #find(file: string) {
    if (!handedOut.test(file)) return undefined
    const path = join(this.#folder, file)
    const found = await stat(path).catch(unlessMissing)
    return found?.isFile() ? { path, size: found.size } : undefined
  }
}
