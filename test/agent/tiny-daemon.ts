import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { Log } from '../../cli/command.ts'
import type { Catalog } from '../../protocol/catalog.ts'
import { Agent } from '../../agent/agent.ts'
import { Daemon } from '../../agent/daemon.ts'
import { type Identity, stateIn, writeSynced } from '../../agent/kept/state.ts'
import { resource, World } from './tiny.ts'

export const catalogOf = (...names: string[]): Catalog => ({
  node: 'n1',
  resources: names.map((name) => resource(name)),
})

/** A daemon on its own folder, started by the test, stopped at its end. */
export async function daemonFor(t: TestContext, { identity, key }: { identity: Identity; key: string }, given = {}) {
  const { dir = mkdtempSync(join(tmpdir(), 'test-')), catalog }: { dir?: string; catalog?: Catalog } = given
  let running = Promise.resolve()
  t.after(async () => {
    daemon.stop()
    await running
    rmSync(dir, { recursive: true, force: true })
  })
  const state = stateIn(dir)
  state.writeIdentity(identity)
  writeSynced(state.path('key.pem'), key)
  const world = new World()
  const lines: string[] = []
  const told: Record<string, unknown>[] = []
  const log: Log = (line, about) => {
    lines.push(line)
    told.push({ ...about, msg: line })
  }
  const agent = new Agent({ state, types: world.types, version: '1.0.0', log })
  if (catalog) agent.catalog.write(catalog)
  const daemon = new Daemon(agent, state, log)
  return {
    dir,
    state,
    agent,
    world,
    lines,
    /** With what each line is about. */
    told,
    start() {
      running = daemon.run()
      return running
    },
    stop: () => daemon.stop(),
  }
}
