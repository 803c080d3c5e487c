import { chmod, copyFile, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Built, built } from '../built.ts'
import { bundle } from './bundle.ts'
import { makeCodeCaches } from './code-cache.ts'
import { esbuildProgram, nodeBin, platformHere, type Platform } from '../../packaging/platform.ts'
import { singleExecutable } from './single-executable.ts'

/**
 * Makes in that folder what a node needs: `trivet-agent`, one program with its Node.js and all else inside, and its unit. `current` is the
 * one of what lies side by side there that runs (agent/upgrade/slots.ts): this one. Gives the names of the npm packages that have code in it.
 */
export async function buildAgent(folder: string, platform: Platform = platformHere(), as: Built = built) {
  const builder = join(await nodeBin(), 'node')
  const node = join(await nodeBin(platform), 'node')
  const work = await mkdtemp(join(tmpdir(), 'trivet-build-'))
  try {
    const packages = await bundle(work, as)
    if (node === builder) makeCodeCaches(node, work, as.version)
    await copyFile(await esbuildProgram(platform), join(work, 'esbuild'))
    await mkdir(folder, { recursive: true })
    // As it is where it is installed, though the folder may be a temporary one: not only root runs what lies there.
    await chmod(folder, 0o755)
    await singleExecutable(work, builder, node, join(folder, 'trivet-agent'))
    await copyFile(new URL('../trivet-agent.service', import.meta.url), join(folder, 'trivet-agent.service'))
    await rm(join(folder, 'current'), { force: true })
    await symlink('.', join(folder, 'current'))
    return packages
  } finally {
    await rm(work, { recursive: true })
  }
}
