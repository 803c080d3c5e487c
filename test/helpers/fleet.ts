import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { chmod, copyFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before } from 'node:test'
import { buildPackages } from '../../agent/build/packages.ts'
import { platformHere } from '../../packaging/platform.ts'
import { type Fleet, type FleetOptions, upFleet } from '../../lab/fleet.ts'
import type { Bind } from '../../lab/machine.ts'
import type { LabNode } from '../../lab/node.ts'
import type { NodeDetail, StoredRun } from '../../protocol/views.ts'
import { resourceTypes } from '../../resources/index.ts'
import type { ResourceEvent } from '../../protocol/events.ts'

let built: Promise<string> | undefined

/** What the server hands out, of this source and for this platform: what main.ts has built, or for a file that is run alone its own, removed with it. */
export function builtPackages() {
  built ??= (async () => {
    const { TRIVET_TEST_PACKAGES: given } = process.env
    if (given) return given
    const folder = mkdtempSync(join(tmpdir(), 'trivet-packages-'))
    process.on('exit', () => rmSync(folder, { recursive: true }))
    await buildPackages(folder, { platforms: [platformHere()], note: () => undefined })
    return folder
  })()
  return built
}

/** The agent among them. */
export async function builtAgent() {
  return join(await builtPackages(), platformHere())
}

/** A Node.js on the nodes, at /opt/node, for the programs of tests and stand-ins: the agent needs none there. */
export async function nodeBind(): Promise<Bind> {
  copied ??= copyOfNode()
  return { from: await copied, to: '/opt/node/bin' }
}

let copied: Promise<string> | undefined

/** The one that runs the tests, alone in a folder: beside it on the host lies much that a node must not find. */
async function copyOfNode() {
  const folder = mkdtempSync(join(tmpdir(), 'trivet-node-'))
  process.on('exit', () => rmSync(folder, { recursive: true }))
  await chmod(folder, 0o755)
  await copyFile(process.execPath, join(folder, 'node'))
  return folder
}

/** What `upFleet` is given of what tests have built. */
export async function fleetParts(binds: Bind[] = []) {
  return { agent: await builtAgent(), binds: [...binds, await nodeBind()] }
}

type SuiteOptions = Omit<FleetOptions, 'agent'> & {
  /** Whether the nodes are to join, all in the same way. */
  join?: boolean
}

/** A fleet with all its nodes joined, from before the suite to after it. Gives a function, since it is there only once tests run. */
export function fleetOfSuite({ join: joins = true, ...options }: SuiteOptions): () => Fleet {
  let fleet: Fleet | undefined
  before(async () => {
    const up = await upFleet({ ...options, ...(await fleetParts(options.binds)) })
    fleet = up
    if (joins) await Promise.all(up.lab.nodes.map((node) => up.join(node)))
  })
  after(() => fleet?.down())
  return () => {
    assert.ok(fleet, 'the fleet did not come up')
    return fleet
  }
}

/** Recipes and roles of a test, in folders of their own: path → source, `recipes/x/x.ts`, `roles/x.ts`. */
export function sourcesOf(files: Record<string, string>) {
  const dir = mkdtempSync(join(tmpdir(), 'trivet-sources-'))
  process.on('exit', () => rmSync(dir, { recursive: true }))
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(dir, path)), { recursive: true })
    writeFileSync(join(dir, path), text)
  }
  for (const folder of ['recipes', 'roles']) mkdirSync(join(dir, folder))
  for (const [path, text] of Object.entries(files)) write(path, text)
  return { recipes: join(dir, 'recipes'), roles: join(dir, 'roles'), write }
}

/** A role of one recipe that declares what `body` says. */
export function roleOf(name: string, body: string) {
  const given = [...Object.keys(resourceTypes), 'node', 'cluster', 'template', 'source', 'text'].join(', ')
  return {
    [`recipes/${name}/${name}.ts`]: `import { defineRecipe } from 'trivet/recipe'\nexport default defineRecipe({ declare(context) {\nconst { ${given} } = context\n${body}\n} })\n`,
    [`roles/${name}.ts`]: `import { defineRole } from 'trivet/role'\nexport default defineRole({ recipes: ['${name}'] })\n`,
  }
}

/** What a command on the node prints; it must exit with 0. */
export async function onNode(node: LabNode, ...argv: string[]) {
  const { exitCode, stdout, stderr } = await node.exec(argv, { timeoutMs: 120_000 })
  assert.equal(exitCode, 0, `${argv.join(' ')} on ${node.name}: ${stderr || stdout}`)
  return stdout.trim()
}

export async function runsOf(fleet: Fleet, node: LabNode, ...flags: string[]): Promise<StoredRun[]> {
  return JSON.parse(await fleet.mustTrivet('run', 'list', '--node', node.name, '--json', ...flags))
}

export async function eventsOf(fleet: Fleet, run: string): Promise<ResourceEvent[]> {
  return JSON.parse(await fleet.mustTrivet('run', 'show', run, '--json')).events
}

export async function nodeDetail(fleet: Fleet, node: LabNode): Promise<NodeDetail> {
  return JSON.parse(await fleet.mustTrivet('node', 'show', node.name, '--json'))
}

/** Converges the node by an order and gives what the command says; the exit code tells the result. */
export function convergeNode(fleet: Fleet, node: LabNode, ...flags: string[]) {
  return fleet.trivet('converge', node.name, '--wait', '--detailed-exitcodes', ...flags)
}
