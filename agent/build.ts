import { build } from 'esbuild'
import { chmodSync, copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Where the folder lies on a node: the first line of the program names the Node.js beside it. */
const installedIn = '/usr/lib/trivet'

/** Makes the folder that a node needs: the agent in one file, the Node.js that runs it, the unit. Nothing of npm is left in it. */
export async function buildAgent(folder: string) {
  const source = fileURLToPath(new URL('.', import.meta.url))
  const program = join(folder, 'trivet-agent.cjs')
  mkdirSync(folder, { recursive: true })
  await build({
    entryPoints: [join(source, 'main.ts')],
    outfile: program,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    banner: { js: `#!${installedIn}/node` },
    // Optional accelerators of ws, in native code: ws does without them.
    external: ['bufferutil', 'utf-8-validate', 'osx-temperature-sensor', 'macos-temperature-sensor'],
    logLevel: 'error',
  })
  chmodSync(program, 0o755)
  copyFileSync(process.execPath, join(folder, 'node'))
  copyFileSync(join(source, 'trivet-agent.service'), join(folder, 'trivet-agent.service'))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildAgent(process.argv[2] ?? 'dist/agent')
