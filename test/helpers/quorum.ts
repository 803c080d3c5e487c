import type { TestContext } from 'node:test'
import type { Report } from '../../protocol/events.ts'
import { type AgentKey, connect, enrol, factsOf, type Place } from './fake-agent.ts'
import { sourcesOf } from './sources.ts'
import { type Served, serve } from './test-server.ts'
import type { ServerOptions } from '../../server/server.ts'

const recipes = {
  quorum: `attributes: z.strictObject({ max: z.union([z.int(), z.string()]).default(1), word: z.string().default('hello') }),
  declare({ attributes, file, probe, service }) {
    file('/etc/quorum', { content: attributes.word })
    probe('quorum', { tcp: { port: 2181 } })
    service('quorum', {
      running: true,
      lease: { group: 'quorum', max: attributes.max, until: 'probe[quorum]', last: { tcp: { port: 2181, expect: 'leader' } } },
    })
  }`,
  beside: `attributes: z.strictObject({}),
  declare({ probe, service }) {
    probe('beside', { tcp: { port: 5050 } })
    service('beside', { running: true, lease: { group: 'beside', max: 1 } })
  }`,
  newcomer: `attributes: z.strictObject({}),
  declare({ gate, probe, service }) {
    gate('come', { role: 'quorum', probe: 'probe[quorum]', atLeast: 3 })
    probe('newcomer', { tcp: { port: 2181 } })
    service('newcomer', { running: true, lease: { group: 'quorum', until: 'probe[newcomer]', from: 'gate[come]' } })
  }`,
  waiter: `attributes: z.strictObject({}),
  declare({ gate, service }) {
    gate('quorum', { role: 'quorum', probe: 'probe[quorum]', atLeast: 2 })
    service('waiter', { running: true })
  }`,
}

/** A server with roles `quorum` and `beside`, whose nodes act by leases of groups of these names, `newcomer`, whose nodes are of that group once their gate is open, and `waiter`, whose nodes wait for two of the first to be well. */
export async function serveQuorum(t: TestContext, more: Partial<ServerOptions> = {}) {
  const imports = "import { defineRecipe } from 'trivet/recipe'\nimport { z } from 'zod'\n"
  const files = Object.entries(recipes).flatMap(([name, definition]) => [
    [`recipes/${name}/${name}.ts`, `${imports}export default defineRecipe({ ${definition} })\n`],
    [
      `roles/${name}.ts`,
      `import { defineRole } from 'trivet/role'\nexport default defineRole({ recipes: ['${name}'] })\n`,
    ],
  ])
  const { dirs } = await sourcesOf(t, Object.fromEntries(files))
  return serve(t, { recipes: dirs.recipes, roles: dirs.roles, ...more })
}

export const well = { 'probe[quorum]': null }
export const wanted = { group: 'quorum', action: 'restart service[quorum]' }

/** Nodes of these names that have joined with the role; gives their keys. */
export async function joinAll({ place, joinToken }: Served, names: string[], role = 'quorum') {
  const token = await joinToken({ roles: [role], uses: names.length })
  const keys: AgentKey[] = []
  for (const name of names) keys.push((await enrol(place, token, name)).keys)
  return keys
}

/** A connected member as the test plays it, which has said that it is well. */
export async function member(place: Place, keys: AgentKey) {
  const agent = await connect(place, keys, { facts: factsOf('n') })
  agent.send({ type: 'health', probes: well })
  return {
    ...agent,
    want: (...leases: (typeof wanted & { last?: true })[]) => agent.send({ type: 'leases', wanted: leases }),
  }
}

export async function report({ send, next }: Awaited<ReturnType<typeof connect>>, told: Report) {
  send({ type: 'report', report: told, clock: Date.now() })
  await next('stored')
}
