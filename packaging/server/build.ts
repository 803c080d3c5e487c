import { chmod, copyFile, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import packageJson from '../../package.json' with { type: 'json' }
import { packDeb } from '../deb.ts'
import { architectures, platformHere } from '../platform.ts'
import { sbomOf } from '../sbom.ts'
import { writeSums } from '../sums.ts'
import { productionNames } from './modules.ts'
import { emptied, hasAgents, home, serverTree, sqliteAddon } from './tree.ts'

interface ServerBuild {
  /** What is made is laid there. */
  to: string
  /** What `npm run build:agent` has made, to be handed out; it need not be there. */
  agents: string
  version?: string
  env: NodeJS.ProcessEnv
  note: (line: string) => void
}

/**
 * Makes in `to`, for the platform of this machine: `root/`, all of the server as it is installed; the .deb; and `….cdx.json`, what is in it. Then
 * `SHA256SUMS` of both.
 */
export async function buildServer({ to, agents, version = packageJson.version, env, note }: ServerBuild) {
  const platform = platformHere()
  const root = await emptied(join(to, 'root'))
  note(`${platform}: what is installed`)
  await serverTree(root, version, agents, env)
  note(`${platform}: its package`)
  const deb = join(to, `trivet-server_${version}_${architectures[platform]}.deb`)
  await buildServerDeb(root, control(version, await glibcOf(root)), deb)
  const packages = await productionNames(env)
  const sbom = await sbomOf('trivet-server', (name) => packages.has(name))
  await writeFile(join(to, `trivet-server-${version}-${platform}.cdx.json`), `${JSON.stringify(sbom, null, 2)}\n`)
  for (const line of await writeSums(to)) note(line)
  const missing = agentsNote(agents)
  if (missing !== undefined) note(missing)
  return deb
}

/** What is to be done about a package without agents, which serves otherwise as any. */
export function agentsNote(agents: string) {
  if (hasAgents(agents)) return undefined
  return `This package holds no agent, since ${agents} has none: a server of it has none to hand out to machines. To have them in it: npm run build:agent && npm run build:server; or give a folder of them by --agents DIR.`
}

/** Depends: what Node.js and SQLite are linked with; all of it is on a bare Debian, as old as that on which SQLite was compiled. */
function control(version: string, glibc: string) {
  return `Package: trivet-server
Version: ${version}
Architecture: ${architectures[platformHere()]}
Maintainer: Trivet <trivet@localhost>
Section: admin
Priority: optional
Depends: libc6 (>= ${glibc}), libgcc-s1, libstdc++6
Description: decides what each machine should be, and remembers
 The server of Trivet and the command line of its operators: it compiles roles
 to a catalog for each node, hands them out, and keeps what was done. With its
 own Node.js inside.
`
}

/** The newest glibc of which the compiled SQLite has symbols; Node.js does with 2.28. */
async function glibcOf(root: string) {
  const addon = await readFile(join(root, home, sqliteAddon), 'latin1')
  const minors = [...addon.matchAll(/GLIBC_2\.(\d+)/g)].map(([, minor]) => Number(minor))
  return `2.${Math.max(28, ...minors)}`
}

const from = (name: string) => new URL(`deb/${name}`, import.meta.url)

async function buildServerDeb(root: string, about: string, output: string) {
  const work = await mkdtemp(join(tmpdir(), 'trivet-deb-'))
  try {
    await chmod(work, 0o755)
    await cp(root, work, { recursive: true, verbatimSymlinks: true })
    for (const folder of ['DEBIAN', 'etc/default']) await mkdir(join(work, folder), { recursive: true, mode: 0o755 })
    await writeFile(join(work, 'DEBIAN/control'), about, { mode: 0o644 })
    await copyFile(from('conffiles'), join(work, 'DEBIAN/conffiles'))
    await copyFile(from('trivet-server.default'), join(work, 'etc/default/trivet-server'))
    for (const script of ['postinst', 'prerm', 'postrm']) {
      await copyFile(from(script), join(work, 'DEBIAN', script))
      await chmod(join(work, 'DEBIAN', script), 0o755)
    }
    await packDeb(work, output)
  } finally {
    await rm(work, { recursive: true })
  }
}
