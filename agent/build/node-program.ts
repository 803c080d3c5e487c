import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { extract } from 'tar'
import { CommandError } from '../../cli/command.ts'

const exec = promisify(execFile)

/**
 * The Node.js that is in the agent, as npm's packages `node-linux-*` carry it: of the newest line with long support that runs on a bare Debian. Node.js 26
 * needs libatomic1, which it has not.
 */
const nodeVersion = '24.22.3'

/** `dist.integrity` of each package of that version. */
const integrity = {
  'linux-x64': 'sha512-KHsob+Fv9YerATvYujMbiyJqnRCvLtrcr/eTNqRqiOSGp97EOiRP1yP47+knGgQ/xnc3XY8xzkW587dlZzNqRA==',
  'linux-arm64': 'sha512-IZx0J52/1NDwAsY2iyWR9nlPIYuYviTWetjj8+ElvYQh2+XRhLfCfkbFEF/2O5vGI2hcUbyPNHV+nz342FbJXw==',
} as const

export type Platform = keyof typeof integrity

const platforms: Platform[] = ['linux-x64', 'linux-arm64']

/** The platform of this machine. */
export function platformHere(): Platform {
  const here = `${process.platform}-${process.arch}`
  const found = platforms.find((platform) => platform === here)
  if (!found) throw new CommandError(`the agent is built on ${platforms.join(' or ')}, and this is ${here}`)
  return found
}

/** Where a Node.js that was fetched is kept for the next time. */
const cache = join(homedir(), '.cache/trivet/node')

/**
 * The folder with that Node.js in it as bin/node; fetched by npm from its registry the first time, and refused if it is not the one that is pinned
 * here.
 */
export async function nodeFolder(platform: Platform = platformHere()) {
  const folder = join(cache, `${nodeVersion}-${platform}`)
  if (existsSync(folder)) return folder
  await mkdir(cache, { recursive: true })
  const work = await mkdtemp(join(cache, 'fetching-'))
  try {
    await fetchNode(platform, work)
    await rename(join(work, 'package'), folder)
  } catch (error) {
    // Somebody else was as quick.
    if (!existsSync(folder)) throw error
  } finally {
    await rm(work, { recursive: true })
  }
  return folder
}

async function fetchNode(platform: Platform, folder: string) {
  const name = `node-${platform}@${nodeVersion}`
  const { stdout } = await exec('npm', ['pack', '--silent', '--pack-destination', folder, '--', name]).catch(
    (cause: Error) => {
      throw new CommandError(`npm could not fetch ${name}, which the agent is built with: ${cause.message}`)
    },
  )
  const archive = join(folder, stdout.trim())
  const found = `sha512-${createHash('sha512')
    .update(await readFile(archive))
    .digest('base64')}`
  if (found !== integrity[platform])
    throw new CommandError(`${name} from npm is not what is pinned here: it is ${found}, not ${integrity[platform]}`)
  await extract({ file: archive, cwd: folder, filter: (path) => path === 'package/bin/node' })
}
