import { chmod, copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import packageJson from '../../package.json' with { type: 'json' }
import { bundle } from './bundle.ts'
import { makeCodeCaches } from './code-cache.ts'
import { nodeFolder, platformHere, type Platform } from './node-program.ts'
import { singleExecutable } from './single-executable.ts'

/** Makes in that folder what a node needs: `trivet-agent`, one program with its Node.js and all else inside, and its unit. */
export async function buildAgent(folder: string, platform: Platform = platformHere()) {
  const builder = join(await nodeFolder(), 'bin/node')
  const node = join(await nodeFolder(platform), 'bin/node')
  const work = await mkdtemp(join(tmpdir(), 'trivet-build-'))
  try {
    const parts = join(work, 'parts')
    await bundle(parts)
    if (node === builder) makeCodeCaches(node, parts, packageJson.version)
    await copyFile(esbuildProgram(platform), join(parts, 'esbuild'))
    await mkdir(folder, { recursive: true })
    // As it is where it is installed, though the folder may be a temporary one: not only root runs what lies there.
    await chmod(folder, 0o755)
    await singleExecutable(parts, builder, node, join(folder, 'trivet-agent'))
    await copyFile(
      fileURLToPath(new URL('../trivet-agent.service', import.meta.url)),
      join(folder, 'trivet-agent.service'),
    )
  } finally {
    await rm(work, { recursive: true })
  }
}

/** That of `apply`, which compiles recipes on the node. */
function esbuildProgram(platform: Platform) {
  const ofEsbuild = createRequire(createRequire(import.meta.url).resolve('esbuild'))
  return ofEsbuild.resolve(`@esbuild/${platform}/bin/esbuild`)
}
