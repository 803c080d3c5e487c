import assert from 'node:assert/strict'
import { after, before, describe } from 'node:test'
import { type Lab, upLab } from '../../lab/lab.ts'
import type { LabNode } from '../../lab/node.ts'
import { whyNoLab } from '../../lab/requirements.ts'
import type { Report, ResourceEvent } from '../../protocol/events.ts'
import { type ResourceTypes, resourceTypes } from '../../resources/index.ts'
import { compile } from '../../server/compile/compile.ts'
import { loadRevision } from '../../server/sources/revision.ts'
import { assertAgrees } from './agrees.ts'
import { builtAgent, nodeBind, onNode, sourcesOf } from './fleet.ts'
import { bookworm, clusterOf, factsOf, nodeOf } from './sources.ts'

const state = '/var/lib/trivet-agent'
const agent = '/usr/lib/trivet/trivet-agent'
const releases = { trixie: {}, bookworm }
type Release = keyof typeof releases

/** A lab node that converges recipes without a server. */
export interface Machine {
  node: LabNode
  release: Release
  /** What a command on the node prints; it must exit with 0. */
  on: (...argv: string[]) => Promise<string>
  /** Compiles this body of a recipe's `declare` and converges the node to it. */
  converge: (body: string) => Promise<Report>
  plan: (body: string) => Promise<Report>
  /** Plans, converges and converges again: the first makes just these changes, as the plan said, and the second none. */
  threeWays: (body: string, changed: string[]) => Promise<Report>
  /** Three ways for what the reference shows for the type, all of which must change something. */
  example: (type: keyof ResourceTypes) => Promise<Report>
}

interface Options {
  /** Debian packages that the nodes have from the start. */
  packages?: string[]
  releases?: Release[]
  /** Whether the nodes of all releases are tried at a time. */
  sideBySide?: boolean
  /** What lies beside the recipe, for `template` and `source`. */
  files?: Record<string, string>
}

/** A suite for each release of Debian, each with a node of its own. */
export function acceptance(name: string, options: Options, tests: (machine: () => Machine) => void) {
  const all = () => {
    for (const release of options.releases ?? (['trixie', 'bookworm'] as const))
      describe(`${name} on ${release}`, { skip: whyNoLab() ?? false }, () => suiteOn(release, name, options, tests))
  }
  if (options.sideBySide) describe(name, { concurrency: true }, all)
  else all()
}

function suiteOn(release: Release, name: string, options: Options, tests: (machine: () => Machine) => void) {
  let lab: Lab | undefined
  let machine: Machine | undefined
  before(async () => {
    const binds = [{ from: await builtAgent(), to: '/usr/lib/trivet' }, await nodeBind()]
    const { packages = [] } = options
    lab = await upLab({ count: 1, name: `e2e-${name}-${release}`.slice(0, 30), os: release, packages, binds })
    const [node] = lab.nodes
    assert(node)
    const identity = { url: 'https://192.0.2.1:1', ca: '', caSha256: '', node: node.name, id: 'offline' }
    await node.write(`${state}/identity.json`, JSON.stringify(identity), '0600')
    machine = machineOn(node, release, options.files ?? {})
  })
  after(() => lab?.down())
  tests(() => {
    assert(machine, 'the node did not come up')
    return machine
  })
}

function machineOn(node: LabNode, release: Release, files: Record<string, string>): Machine {
  const give = (body: string) => giveCatalog(node, body, release, files)
  const run = async (verb: 'plan' | 'converge'): Promise<Report> => {
    const { stdout, stderr } = await node.exec([agent, verb, '--offline', '--json'], { timeoutMs: 300_000 })
    assert(stdout, stderr)
    return JSON.parse(stdout)
  }
  const converge = async (body: string) => {
    await give(body)
    return run('converge')
  }
  const plan = async (body: string) => {
    await give(body)
    return run('plan')
  }
  const threeWays = async (body: string, changed: string[]) => {
    const planned = await plan(body)
    const first = await run('converge')
    assert.deepEqual(
      first.events.map(told),
      changed.map((id) => `${id} changed`),
    )
    assertAgrees(planned, first)
    const second = await run('converge')
    assert.deepEqual(second.events.map(told), [], 'a second converge changes something')
    return first
  }
  const example = async (type: keyof ResourceTypes) => {
    const body = exampleOf(type)
    return threeWays(body, await give(body))
  }
  return { node, release, on: (...argv) => onNode(node, ...argv), converge, plan, threeWays, example }
}

/** What the reference shows for the type. */
export function exampleOf(type: keyof ResourceTypes) {
  return resourceTypes[type].example ?? ''
}

/** Leaves catalog and blobs on the node as a server would have. Gives the ids of its resources. */
async function giveCatalog(node: LabNode, body: string, release: Release, files: Record<string, string>) {
  const names = [...Object.keys(resourceTypes), 'template', 'source', 'text', 'node'].join(', ')
  const recipe = `import { defineRecipe } from 'trivet/recipe'\nexport default defineRecipe({ declare(context) { const { ${names} } = context\n${body}\n} })\n`
  const role = `import { defineRole } from 'trivet/role'\nexport default defineRole({ recipes: ['tried'] })\n`
  const beside = Object.fromEntries(Object.entries(files).map(([path, text]) => [`recipes/tried/${path}`, text]))
  const sources = sourcesOf({ 'recipes/tried/tried.ts': recipe, 'roles/tried.ts': role, ...beside })
  const input = nodeOf(node.name, ['tried'], { facts: factsOf(node.name, node.address, releases[release]) })
  const compiled = compile(await loadRevision(sources), input, clusterOf([input]))
  assert(compiled.status === 'compiled', 'reason' in compiled ? compiled.reason : '')
  for (const [hash, bytes] of compiled.blobs) await node.write(`${state}/blobs/${hash.slice(0, 2)}/${hash}`, bytes)
  await node.write(`${state}/catalog.json`, JSON.stringify(compiled.catalog), '0600')
  return compiled.catalog.resources.map(({ type, name }) => `${type}[${name}]`)
}

/** `file[/etc/motd] changed`, with the error of what failed and the reason of what was skipped. */
export function told(event: ResourceEvent) {
  const subject = event.action === undefined ? event.id : `${event.action} ${event.id}`
  const why = 'error' in event ? `: ${event.error}` : 'reason' in event ? `: ${event.reason}` : ''
  return `${subject} ${event.outcome}${why}`
}
