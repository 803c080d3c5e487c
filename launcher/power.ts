import { CommandError } from '../cli/command.ts'
import { together } from './each-node.ts'
import type { Machine } from './provider.ts'
import { lives, type Site } from './site.ts'
import { noReason, waitUntilReady } from './wait-until-ready.ts'

/**
 * Starts machines group by group, in the order of the file, and waits until each has converged again: it has another address by then, and so the others
 * have another catalog. Those that stop yet are waited for.
 */
export async function startNodes(machines: Machine[], site: Site) {
  const { file, provider, tell } = site
  for (const group of Object.keys(file.groups)) {
    const those = machines.filter((machine) => machine.group === group)
    if (those.length === 0) continue
    const before = await connections(site)
    const stopped = await untilState(those, ['stopped', 'running', 'pending'], site)
    for (const { node, id, state } of stopped) if (state === 'stopped') tell(node, `${id} is started`)
    await provider.start(stopped.filter(({ state }) => state === 'stopped'))
    const running = await untilState(those, ['running'], site)
    for (const machine of running) {
      const settings = file.groups[group]
      if (settings) await provider.adjust(machine, settings)
    }
    const started = new Set(stopped.flatMap(({ id, state }) => (state === 'stopped' ? [id] : [])))
    const beforeOf = ({ id, node }: Machine) => (started.has(id) ? before.get(node) : undefined)
    await together(running.map((machine) => waitUntilReady(machine, site, beforeOf(machine))))
    for (const { node } of running) tell(node, 'is ready')
  }
}

/** Stops machines, the groups of the file from its end on: what depends on others goes before them. */
export async function stopNodes(machines: Machine[], site: Site) {
  const { file, provider, tell } = site
  for (const group of Object.keys(file.groups).toReversed()) {
    const those = machines.filter((machine) => machine.group === group && machine.state === 'running')
    if (those.length === 0) continue
    for (const { node, id } of those) tell(node, `${id} is stopped`)
    await provider.stop(those)
    await untilState(those, ['stopped'], site)
    for (const { node } of those) tell(node, 'stands still')
  }
}

/** Reboots machines group by group, `batch` of them at a time, and goes on once those are ready again. */
export async function rebootNodes(machines: Machine[], batch: number, site: Site) {
  const { file, provider, tell } = site
  for (const group of Object.keys(file.groups)) {
    const those = machines.filter((machine) => machine.group === group)
    for (let at = 0; at < those.length; at += batch) {
      const some = those.slice(at, at + batch)
      const before = await connections(site)
      for (const { node, id } of some) tell(node, `${id} is rebooted`)
      await provider.reboot(some)
      await together(some.map((machine) => waitUntilReady(machine, site, before.get(machine.node))))
      for (const { node } of some) tell(node, 'is ready')
    }
  }
}

/** Since when each node is connected. */
async function connections({ server }: Site) {
  return new Map([...(await server.nodes())].map(([name, { connectedAt }]) => [name, connectedAt]))
}

/** The machines once each is in one of the states. */
async function untilState(machines: Machine[], states: Machine['state'][], site: Site): Promise<Machine[]> {
  const { lookout, patienceMs } = site
  const ids = new Set(machines.map(({ id }) => id))
  let seen: Machine[] = []
  return lookout.until(
    (view) => {
      seen = view.machines.filter(({ id }) => ids.has(id))
      const lost = seen.find((machine) => !lives(machine))
      if (lost) throw new CommandError(`${lost.node}: ${lost.id} is ${lost.state}: ${lost.stateReason ?? noReason}`)
      return seen.length === ids.size && seen.every(({ state }) => states.includes(state)) ? seen : undefined
    },
    patienceMs,
    () =>
      `not ${states[0]} yet: ${seen
        .filter(({ state }) => !states.includes(state))
        .map(({ node, state }) => `${node} is ${state}`)
        .join(', ')}. Next: run this again`,
  )
}
