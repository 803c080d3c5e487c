import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { CommandError } from '../cli/command.ts'
import { startAptCache, type AptCache } from './apt-cache.ts'
import { aptCacheDir, defaultCacheDir, ensureBase } from './base.ts'
import { cacheLines, readHostApt } from './host-apt.ts'
import { Launched } from './launched.ts'
import { withLock } from './lock.ts'
import { makeMachine, mountRoot, type Bind, type Machine } from './machine.ts'
import { addressOf, chooseSubnet, findRoutes, gatewayOf, makeNetwork } from './network.ts'
import { writeNodeFiles, type LaunchFiles } from './node-files.ts'
import { makeNode, type LabNode } from './node.ts'
import { processId } from './processes.ts'
import { findLabsLocked, removeNode as removeOne } from './remove.ts'
import { ensureRequirements } from './requirements.ts'
import { spawnScript } from './script.ts'
import { LabName, labsLock, writeState, type LabState, type NodeState, type Os } from './state.ts'

export interface LabOptions {
  count: number
  os?: Os | undefined
  /** `lab`, `lab2`, ... when left out. */
  name?: string | undefined
  /** Debian packages that every node has from the start; they go into a base that is kept. */
  packages?: string[]
  /** Directories of the host that the nodes see, read-only. */
  binds?: Bind[]
  cacheDir?: string
  onProgress?: (text: string) => void
}

export interface Lab {
  name: string
  /** The host's address that nodes reach; nobody else does. */
  gateway: string
  nodes: LabNode[]
  aptCache: AptCache['stats']
  addNode(): Promise<LabNode>
  /** Boots a node of that name, as a cloud would; of the same labels it is there at most once. It need not be up yet. */
  launchNode(launch: NodeLaunch): Promise<void>
  /** Boots a node that is off; it need not be up yet. */
  bootNode(name: string): Promise<void>
  /** Leaves nothing of it, if it is there. */
  removeNode(name: string): Promise<void>
  /** Leaves nothing on the machine but the caches. */
  down(): Promise<void>
}

/** A node that is asked for by name. */
interface NodeLaunch extends LaunchFiles {
  name: string
  labels: Record<string, string>
}

type Machines = Map<string, Machine>

interface Parts {
  state: LabState
  launched: Launched
  reaper: ChildProcess
  base: string
  cache: AptCache
  aptLines: string[]
  binds: Bind[]
  note: (text: string) => void
}

/**
 * Boots nodes and gives them when all are up. Keeps the process alive until `down`; when the process dies, however it does,
 * a reaper beside it takes the lab down.
 */
export async function upLab(options: LabOptions): Promise<Lab> {
  const { count, os = 'trixie', packages = [], binds = [], cacheDir = defaultCacheDir } = options
  const note = options.onProgress ?? (() => undefined)
  await ensureRequirements(note)
  const base = await ensureBase({ os, packages, cacheDir, note })
  const { state, reaper } = await claim(os, options.name)
  try {
    await makeNetwork(state.subnet)
    const { proxy, lines } = await readHostApt()
    const cache = await startAptCache({
      host: gatewayOf(state.subnet),
      dir: aptCacheDir(cacheDir),
      upstreamProxy: proxy,
    })
    const aptLines = [...lines, ...cacheLines(cache.url)]
    const launched = new Launched(state.name, packages)
    return await populate({ state, launched, reaper, base, cache, aptLines, binds, note }, count)
  } catch (error) {
    await end(reaper)
    throw error
  }
}

async function populate(parts: Parts, count: number): Promise<Lab> {
  const { state, reaper, cache } = parts
  const machines: Machines = new Map()
  const nodes: LabNode[] = []

  const addNode = async () => {
    const node = await addTo(parts, machines)
    nodes.push(node)
    nodes.sort((one, other) => one.name.localeCompare(other.name, 'en', { numeric: true }))
    return node
  }
  const down = async () => {
    for (const machine of machines.values()) machine.retire()
    await cache.close()
    await end(reaper)
  }

  const booting = await Promise.allSettled(Array.from({ length: count }, addNode))
  const failed = booting.find((each) => each.status === 'rejected')
  if (failed) {
    await down()
    throw failed.reason
  }
  state.ready = true
  writeState(state)
  const gateway = gatewayOf(state.subnet)
  return { name: state.name, gateway, nodes, aptCache: cache.stats, addNode, ...launching(parts, machines), down }
}

async function addTo(parts: Parts, machines: Machines): Promise<LabNode> {
  const { state, note } = parts
  const node = nextNode(state)
  const machine = await furnish(parts, machines, node)
  await machine.start()
  note(`${node.name} is up at ${node.address}`)
  return makeNode(state.name, node, () => machine.start())
}

/** Makes all of a node but its life. */
async function furnish(parts: Parts, machines: Machines, node: NodeState, launch?: LaunchFiles): Promise<Machine> {
  const { state, launched, base, aptLines, binds, note } = parts
  writeState(state)
  const root = await mountRoot(state.name, node.name, base)
  await writeNodeFiles(root, { node, gateway: gatewayOf(state.subnet), aptLines, launch })
  const onError = (error: Error) => note(`${node.name} is off: ${error.message}`)
  const onPower = (isOn: boolean) => launched.power(node.name, isOn)
  const machine = makeMachine({ lab: state.name, node, subnet: state.subnet, binds, onError, onPower })
  machines.set(node.name, machine)
  return machine
}

function launching(parts: Parts, machines: Machines): Pick<Lab, 'launchNode' | 'bootNode' | 'removeNode'> {
  const { state, launched, note } = parts
  const removeNode = async (name: string) => {
    const node = state.nodes.find((each) => each.name === name)
    if (!node) return
    machines.get(name)?.retire()
    await removeOne(state.name, node)
    machines.delete(name)
    launched.forget(name)
    state.nodes.splice(state.nodes.indexOf(node), 1)
    writeState(state)
    note(`${name} is gone`)
  }
  return {
    removeNode,
    async launchNode({ name, labels, ...files }) {
      if (launched.isThere(name, labels)) return
      if (state.nodes.some((node) => node.name === name))
        throw new CommandError(`Lab ${state.name} has another node ${name} already.`)
      launched.add(name, labels)
      const node = nextNode(state, name)
      try {
        await (await furnish(parts, machines, node, files)).boot()
      } catch (error) {
        await removeNode(name)
        throw error
      }
      note(`${name} boots at ${node.address}`)
    },
    async bootNode(name) {
      const machine = machines.get(name)
      if (!machine) throw new CommandError(`Lab ${state.name} has no node ${name}.`)
      await machine.boot()
    },
  }
}

function nextNode(state: LabState, name?: string): NodeState {
  const taken = new Set(state.nodes.map(({ address }) => address))
  let index = 1
  while (taken.has(addressOf(state.subnet, index))) index++
  if (index > 240) throw new CommandError('A lab has room for 240 nodes.')
  const node: NodeState = {
    name: name ?? `${state.name}-${index}`,
    address: addressOf(state.subnet, index),
    machine: `tv${state.subnet}-${index}`,
  }
  state.nodes.push(node)
  return node
}

/** Takes a name and a subnet, so that no other lab can have them; the network is made while the others wait. */
function claim(os: Os, wanted?: string): Promise<{ state: LabState; reaper: ChildProcess }> {
  return withLock(labsLock, async () => {
    const others = await findLabsLocked()
    const name = LabName.parse(wanted ?? freeName(others))
    if (others.some((lab) => lab.name === name)) {
      throw new CommandError(`There is a lab named ${name} already. To end it: trivet lab down ${name}`)
    }
    const claimed = others.map(({ subnet }) => `${gatewayOf(subnet)}/24`)
    const subnet = chooseSubnet([...(await findRoutes()), ...claimed])
    const state: LabState = { name, os, subnet, ready: false, owner: known(process.pid), nodes: [] }
    writeState(state)
    const reaper = spawnScript('reaper.ts', [name], ['pipe', 'inherit', 'inherit'])
    writeState(Object.assign(state, { reaper: known(reaper.pid) }))
    return { state, reaper }
  })
}

/** The first of `lab`, `lab2`, ... that no lab has. */
export function freeName(others: LabState[]): string {
  const taken = new Set(others.map(({ name }) => name))
  for (let number = 1; ; number++) {
    const name = number === 1 ? 'lab' : `lab${number}`
    if (!taken.has(name)) return name
  }
}

function known(pid = 0) {
  const id = processId(pid)
  if (!id) throw new Error(`Process ${pid} ended before it could be noted.`)
  return id
}

// The reaper alone removes labs, in good days as in bad ones, so that this way is always the tried one.
async function end(reaper: ChildProcess): Promise<void> {
  if (reaper.exitCode !== null) return
  const exited = once(reaper, 'exit')
  reaper.stdin?.end()
  const [code] = await exited
  if (code !== 0)
    throw new CommandError(`The lab could not be removed (the reaper exited with ${code}); try: trivet lab list`)
}
