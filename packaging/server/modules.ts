import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { copyFile, cp, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { basename, delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { z } from 'zod'
import { CommandError } from '../../cli/command.ts'
import { messageOf } from '../../protocol/errors.ts'
import { cache } from '../npm-package.ts'
import { nodeBin, nodeHeaders, nodeVersion, platformHere } from '../platform.ts'

const exec = promisify(execFile)
const house = fileURLToPath(new URL('../..', import.meta.url))
/** What npm decides by. */
const manifests = ['package.json', 'package-lock.json', '.npmrc']

/** The folder `node_modules` of what the server needs to run, kept for the next time; without native code. */
export async function productionModules(env: NodeJS.ProcessEnv) {
  const lock = await readFile(join(house, 'package-lock.json'))
  const hash = createHash('sha256').update(platformHere()).update(lock).digest('hex').slice(0, 16)
  const kept = await keptAs(`production-${hash}`, (work) =>
    install(work, ['ci', '--omit=dev', '--ignore-scripts'], env),
  )
  return join(kept, 'node_modules')
}

/**
 * SQLite for the Node.js that is packed, as a file. It is compiled for minutes where no prebuilt one can be fetched, so it is kept for the next time.
 */
export async function sqliteFor(modules: string, env: NodeJS.ProcessEnv) {
  const { version } = Manifest.parse(JSON.parse(await readFile(join(modules, 'better-sqlite3/package.json'), 'utf8')))
  const built = 'node_modules/better-sqlite3/build/Release/better_sqlite3.node'
  const kept = await keptAs(`better-sqlite3-${version}-node-${nodeVersion}-${platformHere()}`, async (work) => {
    await cp(modules, join(work, 'node_modules'), { recursive: true, verbatimSymlinks: true })
    // npm runs scripts by the first node that it finds, and they build for that one.
    const PATH = [await nodeBin(), env['PATH']].join(delimiter)
    // Debian's node-gyp links to Debian's libnode, which the packed Node.js is not: an archive of that name with nothing in it comes first.
    await writeFile(join(work, 'libnode.a'), '!<arch>\n')
    const LDFLAGS = `-L${work}`
    await install(work, ['rebuild', 'better-sqlite3'], {
      ...env,
      PATH,
      LDFLAGS,
      npm_config_nodedir: await nodeHeaders(),
    })
    await copyFile(join(work, built), join(work, basename(built)))
    await rm(join(work, 'node_modules'), { recursive: true })
  })
  return join(kept, basename(built))
}

/** The folder of that name in the cache, filled by `make` if it is not there: whole or not at all. */
async function keptAs(name: string, make: (work: string) => Promise<void>) {
  const kept = join(cache, name)
  if (existsSync(kept)) return kept
  await mkdir(cache, { recursive: true })
  const work = await mkdtemp(join(cache, 'making-'))
  try {
    await make(work)
    await rename(work, kept)
  } catch (error) {
    await rm(work, { recursive: true })
    // Somebody else was as quick.
    if (!existsSync(kept)) throw error
  }
  return kept
}

async function install(folder: string, argv: string[], env: NodeJS.ProcessEnv) {
  for (const name of manifests) await copyFile(join(house, name), join(folder, name))
  try {
    await exec('npm', [...argv, '--no-audit', '--no-fund'], { cwd: folder, env, maxBuffer: 64 * 1024 * 1024 })
  } catch (error) {
    throw new CommandError(`npm could not install what the server needs: ${messageOf(error)}`)
  }
}

const Manifest = z.object({ version: z.string() })

/** The names of the packages in it. */
export async function productionNames(env: NodeJS.ProcessEnv) {
  const lock = Hidden.parse(
    JSON.parse(await readFile(join(await productionModules(env), '.package-lock.json'), 'utf8')),
  )
  return new Set(Object.keys(lock.packages).map((path) => path.replace(/^.*node_modules\//, '')))
}

/** npm's own list of what it has installed. */
const Hidden = z.object({ packages: z.record(z.string(), z.unknown()) })
