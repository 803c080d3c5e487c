import { build } from 'esbuild'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildAgent } from '../agent/build/build.ts'
import { nodeBin } from '../packaging/platform.ts'
import { type Client, makeClient } from '../cli/api-client.ts'
import { CommandError } from '../cli/command.ts'
import { readLogin } from '../cli/login-file.ts'
import { type Fleet, upFleet } from '../lab/fleet.ts'
import type { LabNode } from '../lab/node.ts'
import type { Os } from '../lab/state.ts'

/** Where the programs of ./inside lie in the node. */
export const insideFolder = '/srv/bench'
/** The Node.js that is in the agent, as a program of its own. */
export const nodeProgram = '/opt/node/bin/node'
export const agentFolder = '/var/lib/trivet-agent'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

export interface SiteOptions {
  os: Os
  packages: string[]
  /** Folders of ./inside: programs that the node is to have. */
  programs: string[]
}

/** One joined node, and the server beside it. */
export interface Site {
  fleet: Fleet
  node: LabNode
  /** The operator's API. */
  client: Client
  /** Runs a command that must succeed in the node, and gives what it printed. */
  must: (argv: string[]) => Promise<string>
  down: () => Promise<void>
}

export async function upSite(options: SiteOptions, note: (text: string) => void): Promise<Site> {
  const agent = mkdtempSync(join(tmpdir(), 'trivet-bench-'))
  const remove = () => rmSync(agent, { recursive: true, force: true })
  try {
    await buildAgent(agent)
    const fleet = await upFleet({
      ...options,
      count: 1,
      agent,
      binds: [{ from: await nodeBin(), to: '/opt/node/bin' }],
      recipes: here('recipes'),
      roles: here('roles'),
      // Nothing is to run that was not asked for.
      serverFlags: ['--interval', '24h'],
      onProgress: note,
    })
    return await joined(fleet, options.programs, async () => {
      await fleet.down()
      remove()
    })
  } catch (error) {
    remove()
    throw error
  }
}

async function joined(fleet: Fleet, programs: string[], down: () => Promise<void>): Promise<Site> {
  const [node] = fleet.lab.nodes
  if (!node) throw new Error('a lab of one node has one node')
  try {
    await fleet.join(node)
    for (const program of programs) await node.write(`${insideFolder}/${program}.cjs`, await bundled(program))
    const client = makeClient(await readLogin(fleet.config))
    return { fleet, node, client, must: async (argv) => mustOn(node, argv), down }
  } catch (error) {
    await down()
    throw error
  }
}

/** While the node has the role, and never had another: what the agent made for one before is forgotten, or it would look after that too. */
export async function withRole<Result>(role: string, { fleet, node, must }: Site, work: () => Promise<Result>) {
  await fleet.mustTrivet('node', 'assign', node.name, role)
  const result = await work()
  await fleet.mustTrivet('node', 'unassign', node.name, role)
  await must(['rm', '--force', '--', `${agentFolder}/ledger`])
  return result
}

// The slowest peer takes minutes.
async function mustOn(node: LabNode, argv: string[]) {
  const { exitCode, stdout, stderr } = await node.exec(argv, { timeoutMs: 1_800_000 })
  if (exitCode === 0) return stdout
  throw new CommandError(`${argv.slice(0, 12).join(' ')} in the node exited with ${exitCode}: ${stderr || stdout}`)
}

async function bundled(program: string) {
  const { outputFiles } = await build({
    entryPoints: [here(`inside/${program}/main.ts`)],
    bundle: true,
    write: false,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    logLevel: 'error',
  })
  return Buffer.from(outputFiles[0]?.contents ?? [])
}
