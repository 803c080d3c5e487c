import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { buildAgent } from '../../agent/build/build.ts'
import { type Client, makeClient } from '../../cli/api-client.ts'
import { api } from '../../protocol/api.ts'
import { sha256 } from '../../protocol/catalog.ts'
import { fetchCa } from '../../protocol/pin.ts'
import { formatToken, parseInvitation } from '../../protocol/token.ts'
import { startServer } from '../../server/server.ts'
import { tarOf } from '../resources/packing.ts'
import { Place } from './place.ts'

const fetched = 'fetched\n'.repeat(1000)

/** A real server, the agent as it is shipped, and nodes whose folders can be put back to how they were. */
export interface Field {
  base: string
  client: Client
  program: string
  fileUrl: string
  close: () => Promise<void>
}

export async function openField(base: string): Promise<Field> {
  const agent = join(base, 'agent')
  await buildAgent(agent)
  for (const text of ['old', 'new']) writeFileSync(archiveIn(base, text), tarOf([{ path: 'one', text, mode: 0o644 }]))
  const files = createServer((_request, response) => response.end(fetched))
  await new Promise<void>((resolve) => files.listen(0, '127.0.0.1', resolve))
  const address = files.address()
  assert(address && typeof address === 'object')
  const server = await startServer({
    data: join(base, 'data'),
    host: '127.0.0.1',
    port: 0,
    recipes: join(import.meta.dirname, 'recipes'),
    roles: join(import.meta.dirname, 'roles'),
    intervalMs: 3_600_000,
    version: '0.1.0',
    log: { level: 'error', to: new Writable({ write: (_chunk, _encoding, done) => done() }) },
  })
  const invitation = parseInvitation(server.adminInvitation ?? '')
  assert(invitation)
  const ca = await fetchCa(invitation.url, invitation.token.ca)
  return {
    base,
    client: makeClient({ url: server.url, ca, token: formatToken(invitation.token) }),
    program: join(agent, 'trivet-agent'),
    fileUrl: `http://127.0.0.1:${address.port}/fetched`,
    async close() {
      await server.close()
      files.close()
    },
  }
}

/** Two archives, of one file each. */
function archiveIn(base: string, text: string) {
  return join(base, `${text}.tar`)
}

/** A node, in each of the states in which a run of it is to die or fail; by these words they are kept. */
export async function prepareNode(field: Field, name: string): Promise<Place> {
  const { client } = field
  const place = new Place(field.base, name, field.program)
  const { token } = await client.call(api.createToken, {})
  await must(place, ['join', `${token}@${client.url}`, '--name', name])
  await setAttributes(field, place)
  for (const [file, text] of Object.entries({ conf: 'theirs\n', lines: 'a\nb\n', restorable: 'theirs\n' })) {
    writeFileSync(join(place.root, file), text, { mode: 0o644 })
  }
  await client.call(api.assignRoles, { node: name, roles: ['before'] })
  await must(place, ['converge'])
  await client.call(api.unassignRoles, { node: name, roles: ['before'] })
  await client.call(api.assignRoles, { node: name, roles: ['after'] })
  place.keep('before')
  const { signal } = await place.run(['converge'], 'run.begun:kill')
  assert.equal(signal, 'SIGKILL')
  place.keep('taken')
  const died = await place.run(['converge', '--offline'], 'apply.made:kill@3')
  assert.equal(died.signal, 'SIGKILL')
  place.keep('died')
  await must(place, ['converge'])
  place.keep('after')
  return place
}

async function setAttributes({ base, client, fileUrl }: Field, { name, root, load }: Place) {
  const ofRecipe: Record<string, Record<string, string | string[]>> = {
    before: { root, load, archive: archiveIn(base, 'old') },
    removable: { root },
    restorable: { root },
    keepable: { root },
    after: { root, load, url: fileUrl, sha256: sha256(fetched), archive: archiveIn(base, 'new') },
  }
  for (const [recipe, attributes] of Object.entries(ofRecipe)) {
    for (const [key, value] of Object.entries(attributes)) {
      await client.call(api.setAttribute, { scope: 'nodes', name, key: `${recipe}.${key}`, value })
    }
  }
}

async function must(place: Place, args: string[]) {
  const { exitCode, stdout, stderr } = await place.run(args)
  assert.equal(exitCode, 0, `trivet-agent ${args.join(' ')}: ${stdout}${stderr}`)
}
