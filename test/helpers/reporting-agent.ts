import { randomUUID } from 'node:crypto'
import { digestOf } from '../../protocol/catalog.ts'
import type { Report, Run } from '../../protocol/events.ts'
import { type AgentKey, connect, enrol, type Greeting, reportOf } from './fake-agent.ts'
import type { Served } from './test-server.ts'

/** A node that joins, connects and reports what the test says. */
export async function reportingAgent({ place, joinToken }: Served, name: string, roles = ['word']) {
  const { keys } = await enrol(place, await joinToken({ roles }), name)
  return again({ place }, keys, roles)
}

/** The same node, connected anew. */
export async function again(
  { place }: Pick<Served, 'place'>,
  keys: AgentKey,
  roles = ['word'],
  greeting: Greeting = {},
) {
  const agent = await connect(place, keys, greeting)
  const told = roles.length > 0 ? await agent.next('catalog') : undefined
  const catalog = told ? digestOf(told.catalog) : null
  return {
    ...agent,
    keys,
    catalog,
    /** Resolves with the run's id once it is stored. */
    async report(run: Partial<Run> = {}, events: Report['events'] = []) {
      const { id = randomUUID(), ...rest } = run
      agent.send({ type: 'report', report: reportOf(id, { catalog, ...rest }, events), clock: Date.now() })
      await agent.next('stored')
      return id
    },
  }
}
