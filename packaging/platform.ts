import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { CommandError } from '../cli/command.ts'
import { folderOf } from './npm-package.ts'

/**
 * The Node.js that is in the packages, as npm's packages `node-linux-*` carry it: of the newest line with long support that runs on a bare Debian. Node.js 26
 * needs libatomic1, which it has not.
 */
export const nodeVersion = '24.22.3'

const nodes = {
  'linux-x64': 'sha512-KHsob+Fv9YerATvYujMbiyJqnRCvLtrcr/eTNqRqiOSGp97EOiRP1yP47+knGgQ/xnc3XY8xzkW587dlZzNqRA==',
  'linux-arm64': 'sha512-IZx0J52/1NDwAsY2iyWR9nlPIYuYviTWetjj8+ElvYQh2+XRhLfCfkbFEF/2O5vGI2hcUbyPNHV+nz342FbJXw==',
} as const

export type Platform = keyof typeof nodes

export const platforms: Platform[] = ['linux-x64', 'linux-arm64']

/** That of this machine. */
export function platformHere(): Platform {
  const here = `${process.platform}-${process.arch}`
  const found = platforms.find((platform) => platform === here)
  if (!found) throw new CommandError(`packages are built on ${platforms.join(' or ')}, and this is ${here}`)
  return found
}

/** The folder with that platform's Node.js, as `node`. */
export function nodeBin(platform: Platform = platformHere()) {
  return folderOf(nodePackage(platform), 'bin')
}

/** The folder in which native code finds that Node.js's headers, as `include/node`. */
export async function nodeHeaders(platform: Platform = platformHere()) {
  return dirname(await folderOf(nodePackage(platform), 'include'))
}

function nodePackage(platform: Platform) {
  return { name: `node-${platform}`, version: nodeVersion, integrity: nodes[platform] }
}

const Lock = z.object({ packages: z.record(z.string(), z.looseObject({})) })
const Locked = z.object({ version: z.string(), integrity: z.string() })

/** The program of `apply`, which compiles recipes on the node: of the version that npm has locked for this source. */
export async function esbuildProgram(platform: Platform) {
  const name = `@esbuild/${platform}`
  const lock = Lock.parse(JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8')))
  return join(await folderOf({ name, ...Locked.parse(lock.packages[`node_modules/${name}`]) }, 'bin'), 'esbuild')
}

/** What Debian calls each. */
export const architectures: Record<Platform, string> = { 'linux-x64': 'amd64', 'linux-arm64': 'arm64' }
