import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import type { TestContext } from 'node:test'
import { type Client, makeClient } from '../../cli/api-client.ts'
import { api } from '../../protocol/api.ts'
import { fetchCa } from '../../protocol/pin.ts'
import { parseInvitation } from '../../protocol/token.ts'
import { type ServerOptions, startServer } from '../../server/server.ts'
import { tempDir } from './converges.ts'

const recipe = `import { defineRecipe } from 'trivet/recipe'
import { z } from 'zod'

export default defineRecipe({
  description: 'A word on a file.',
  attributes: z.object({ word: z.string().default('hello') }),
  declare({ attributes, file }) {
    file('/etc/word', { content: attributes.word })
  },
})
`
const peersRecipe = `import { defineRecipe } from 'trivet/recipe'
import { z } from 'zod'

export default defineRecipe({
  description: 'Needs two.',
  attributes: z.object({}),
  declare({ cluster, file }) {
    const peers = cluster.withRole('pair', { atLeast: 2 })
    file('/etc/peers', { content: peers.map(({ name, ordinal }) => name + '=' + ordinal).join(' ') })
  },
})
`

/** Folders with roles `word` (a file) and `pair` (needs two nodes), to be changed by the test. */
export async function makeSources(dir: string) {
  const [recipes, roles] = [join(dir, 'recipes'), join(dir, 'roles')]
  await Promise.all(
    [join(recipes, 'word'), join(recipes, 'pair'), roles].map((path) => mkdir(path, { recursive: true })),
  )
  await writeFile(join(recipes, 'word', 'word.ts'), recipe)
  await writeFile(join(recipes, 'pair', 'pair.ts'), peersRecipe)
  for (const name of ['word', 'pair'])
    await writeFile(
      join(roles, `${name}.ts`),
      `import { defineRole } from 'trivet/role'\nexport default defineRole({ description: '${name}', recipes: ['${name}'] })\n`,
    )
  return { recipes, roles }
}

/** A real server on 127.0.0.1 with data of its own, ended with the test. */
export async function serve(t: TestContext, more: Partial<ServerOptions> = {}) {
  const dir = await tempDir(t)
  /** What the server logged, one JSON a line. */
  const log: string[] = []
  const to = new Writable({
    write(chunk: Buffer, _encoding, done) {
      log.push(chunk.toString())
      done()
    },
  })
  const sources = await makeSources(dir)
  const options: ServerOptions = {
    data: join(dir, 'data'),
    host: '127.0.0.1',
    port: 0,
    intervalMs: 1_800_000,
    version: '0.1.0',
    ...sources,
    log: { level: 'info', to },
    ...more,
  }
  let server = await startServer(options)
  t.after(() => server.close())
  const invitation = parseInvitation(server.adminInvitation ?? '')
  assert(invitation, 'the first start gives an invitation')
  const ca = await fetchCa(invitation.url, invitation.token.ca)
  const { id, secret, ca: caHash } = invitation.token
  const token = `${id}.${secret}.${caHash}`
  const client: Client = makeClient({ url: server.url, ca, token })
  return {
    dir,
    log,
    options,
    client,
    ca,
    caHash,
    token,
    url: server.url,
    place: { url: server.url, ca },
    close: () => server.close(),
    /** Ends it and starts it again on the same data and port. */
    restart: async () => {
      const { port } = server
      await server.close()
      server = await startServer({ ...options, port })
    },
    joinToken: async (input: Parameters<typeof makeToken>[1] = {}) => makeToken(client, input),
  }
}

export type Served = Awaited<ReturnType<typeof serve>>

interface TokenInput {
  approval?: boolean
  uses?: number
  ttlMs?: number
  roles?: string[]
  cluster?: string
  names?: string
}

async function makeToken(client: Client, input: TokenInput) {
  const { token } = await client.call(api.createToken, input)
  return token
}
