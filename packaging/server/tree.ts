import { chmod, copyFile, cp, mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import packageJson from '../../package.json' with { type: 'json' }
import { nodeBin } from '../platform.ts'
import { productionModules, sqliteFor } from './modules.ts'

const house = fileURLToPath(new URL('../..', import.meta.url))

/** The folders that `trivet` runs from; the console's is bundled by the server. */
export const parts = ['cli', 'server', 'protocol', 'resources', 'console', 'lab', 'launcher']

/** Where it lies. */
export const home = 'usr/lib/trivet-server'
const sqlite = 'better-sqlite3/build/Release/better_sqlite3.node'
/** From there. */
export const sqliteAddon = join('node_modules', sqlite)

/** Run by the Node.js beside it, which reads TypeScript by itself. */
const program = `#!/${home}/node
import '../cli/main.ts'
`

/** Makes in `root` what a machine that serves has of Trivet, as it is installed; `agents` is what `npm run build:agent` made, if it has. */
export async function serverTree(root: string, version: string, agents: string, env: NodeJS.ProcessEnv) {
  const lib = join(root, home)
  for (const folder of ['usr/bin', 'usr/lib/systemd/system', 'usr/share/trivet', join(home, 'bin')])
    await mkdir(join(root, folder), { recursive: true, mode: 0o755 })
  for (const folder of ['recipes', 'roles'])
    await mkdir(join(root, 'etc/trivet', folder), { recursive: true, mode: 0o755 })
  await copyFile(join(await nodeBin(), 'node'), join(lib, 'node'))
  for (const part of parts) await cp(join(house, part), join(lib, part), { recursive: true })
  for (const part of ['recipes', 'roles'])
    await cp(join(house, part), join(root, 'usr/share/trivet', part), { recursive: true })
  await copyModules(join(lib, 'node_modules'), env)
  await writeFile(join(lib, 'package.json'), JSON.stringify({ ...packageJson, version }, null, 2))
  await writeFile(join(lib, 'bin/trivet'), program, { mode: 0o755 })
  await symlink('../lib/trivet-server/bin/trivet', join(root, 'usr/bin/trivet'))
  const unit = join(root, 'usr/lib/systemd/system/trivet-server.service')
  await copyFile(new URL('trivet-server.service', import.meta.url), unit)
  await copyAgents(agents, join(root, 'usr/share/trivet/agents'))
  await chmod(join(lib, 'node'), 0o755)
}

/** Without what SQLite is compiled from, and what only the agent is built with. */
async function copyModules(to: string, env: NodeJS.ProcessEnv) {
  const from = await productionModules(env)
  const left = ['postject', ...['deps', 'src', 'build'].map((part) => `better-sqlite3/${part}`)].map((path) =>
    join(from, path),
  )
  await cp(from, to, { recursive: true, verbatimSymlinks: true, filter: (path) => !left.includes(path) })
  await mkdir(dirname(join(to, sqlite)), { recursive: true })
  await copyFile(await sqliteFor(from, env), join(to, sqlite))
}

/** Whether `npm run build:agent` has made something there. */
export function hasAgents(folder: string) {
  return existsSync(join(folder, 'SHA256SUMS'))
}

/** What the server hands out to machines: no folders, and no .deb, which they are not installed by. */
async function copyAgents(from: string, to: string) {
  if (!hasAgents(from)) return
  const isHandedOut = (path: string) =>
    path === from || /^(SHA256SUMS.*|trivet-agent-.*\.tar\.gz)$/.test(basename(path))
  await cp(from, to, { recursive: true, filter: isHandedOut })
}

/** Leaves nothing of a tree that was there before. */
export async function emptied(folder: string) {
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true, mode: 0o755 })
  return folder
}
