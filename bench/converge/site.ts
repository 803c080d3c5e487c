import { build } from 'esbuild'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildAgent } from '../../agent/build.ts'
import { CommandError } from '../../cli/command.ts'
import { type Fleet, upFleet } from '../../lab/fleet.ts'
import type { LabNode } from '../../lab/node.ts'
import { leafPackage, services } from '../recipes/w2/wanted.ts'

/** Where the programs of ../inside lie in the node. */
export const insideFolder = '/srv/bench'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const aptModule = '/usr/share/cfengine3/masterfiles/modules/packages/vendored/apt_get.mustache'

/** One joined node with all contenders on it, and the server beside it. */
export interface Site {
  fleet: Fleet
  node: LabNode
  /** Runs a command that must succeed in the node, and gives what it printed. */
  must: (argv: string[]) => Promise<string>
  down: () => Promise<void>
}

/** Boots and furnishes the node. */
export async function upSite(note: (text: string) => void): Promise<Site> {
  const agent = mkdtempSync(join(tmpdir(), 'trivet-bench-'))
  const remove = () => rmSync(agent, { recursive: true, force: true })
  try {
    await buildAgent(agent)
    const fleet = await upFleet({
      count: 1,
      os: 'bookworm',
      packages: ['puppet-agent', 'cfengine3', 'python3', 'procps', 'time', leafPackage],
      agent,
      recipes: here('../recipes'),
      roles: here('../roles'),
      onProgress: note,
    })
    return await furnished(fleet, async () => {
      await fleet.down()
      remove()
    })
  } catch (error) {
    remove()
    throw error
  }
}

async function furnished(fleet: Fleet, down: () => Promise<void>): Promise<Site> {
  const [node] = fleet.lab.nodes
  if (!node) throw new Error('a lab of one node has one node')
  const must = async (argv: string[]) => mustOn(node, argv)
  try {
    await fleet.join(node)
    for (const program of ['timer', 'limit']) await node.write(`${insideFolder}/${program}.cjs`, await bundled(program))
    // The way in which CFEngine's package promises reach apt, put where its own policy framework puts it.
    await must(['install', '-D', aptModule, '/var/lib/cfengine3/modules/packages/apt_get'])
    for (const name of services) await node.write(`/etc/systemd/system/${name}.service`, unit)
    await must(['systemctl', 'daemon-reload'])
    await must(['apt-get', 'update'])
    return { fleet, node, must, down }
  } catch (error) {
    await down()
    throw error
  }
}

async function mustOn(node: LabNode, argv: string[]) {
  const { exitCode, stdout, stderr } = await node.exec(argv, { timeoutMs: 600_000 })
  if (exitCode === 0) return stdout
  throw new CommandError(`${argv.slice(0, 12).join(' ')} in the node exited with ${exitCode}: ${stderr || stdout}`)
}

async function bundled(program: string) {
  const { outputFiles } = await build({
    entryPoints: [here(`../inside/${program}/main.ts`)],
    bundle: true,
    write: false,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    logLevel: 'error',
  })
  return Buffer.from(outputFiles[0]?.contents ?? [])
}

const unit = `[Unit]
Description=One of the services of work set W2

[Service]
ExecStart=/bin/sleep infinity

[Install]
WantedBy=multi-user.target
`
