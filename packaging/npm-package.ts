import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { extract } from 'tar'
import { CommandError } from '../cli/command.ts'
import { messageOf } from '../protocol/errors.ts'

const exec = promisify(execFile)

/** One version of a package of npm, known by the hash of its archive: `dist.integrity`. */
export interface NpmPackage {
  name: string
  version: string
  /** `sha512-` and base64. */
  integrity: string
}

/** Where what was fetched is kept for the next time. */
export const cache = join(homedir(), '.cache/trivet/npm')

/**
 * A folder of that package; fetched by npm from its registry the first time, whatever platform it is for, and refused if it is not the one that is meant.
 */
export async function folderOf(wanted: NpmPackage, part: 'bin' | 'include') {
  const named = `${wanted.name.replace('/', '-')}-${wanted.version}`
  const folder = join(cache, part === 'bin' ? named : `${named}-${part}`)
  if (existsSync(folder)) return join(folder, part)
  await mkdir(cache, { recursive: true })
  const work = await mkdtemp(join(cache, 'fetching-'))
  try {
    const filter = (path: string) => path.startsWith(`package/${part}/`)
    await extract({ file: await fetched(wanted, work), cwd: work, filter })
    await rename(join(work, 'package'), folder)
  } catch (error) {
    // Somebody else was as quick.
    if (!existsSync(folder)) throw error
  } finally {
    await rm(work, { recursive: true })
  }
  return join(folder, part)
}

async function fetched({ name, version, integrity }: NpmPackage, folder: string) {
  const archive = await pack(`${name}@${version}`, folder)
  const hash = createHash('sha512').update(await readFile(archive))
  const found = `sha512-${hash.digest('base64')}`
  if (found !== integrity)
    throw new CommandError(`${name}@${version} from npm is not what is pinned here: it is ${found}, not ${integrity}`)
  return archive
}

async function pack(named: string, folder: string) {
  try {
    const { stdout } = await exec('npm', ['pack', '--silent', '--pack-destination', folder, '--', named])
    return join(folder, stdout.trim())
  } catch (error) {
    throw new CommandError(`npm could not fetch ${named}, which is needed to build: ${messageOf(error)}`)
  }
}
