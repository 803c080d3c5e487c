import { execFile } from 'node:child_process'
import { copyFile, readdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const exec = promisify(execFile)

/** By it an executable of Node.js knows that something was put into it: Node's documentation, "Single executable applications". */
const fuse = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2'

/**
 * Makes `executable.cjs` in that folder, with the parts and programs beside it as assets, one program with its Node.js inside. `builder` is a Node.js of
 * the same version that runs here, `node` that of the platform.
 */
export async function singleExecutable(folder: string, builder: string, node: string, output: string) {
  const config = join(folder, 'sea.json')
  const blob = join(folder, 'sea.blob')
  const assets = (await readdir(folder)).filter((name) => !name.endsWith('.cjs'))
  const content = {
    main: join(folder, 'executable.cjs'),
    output: blob,
    disableExperimentalSEAWarning: true,
    // Flags of Node.js are given by `--node-options=…` alone: what NODE_OPTIONS has is for other programs.
    execArgvExtension: 'cli',
    assets: Object.fromEntries(assets.map((name) => [name, join(folder, name)])),
  }
  await writeFile(config, JSON.stringify(content))
  await exec(builder, ['--experimental-sea-config', config])
  // Nobody can write over a program that runs.
  const beside = `${output}.new`
  await copyFile(node, beside)
  // A program of its own, since it says on stdout and stderr what it makes of each section.
  const postject = fileURLToPath(import.meta.resolve('postject/dist/cli.js'))
  await exec(process.execPath, [postject, beside, 'NODE_SEA_BLOB', blob, '--sentinel-fuse', fuse])
  await rename(beside, output)
}
