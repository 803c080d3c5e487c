import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { create } from 'tar'
import packageJson from '../../package.json' with { type: 'json' }
import { buildAgent } from './build.ts'
import { architectures, buildAgentDeb } from './deb.ts'
import type { Platform } from './platform.ts'
import { sbomOf } from './sbom.ts'

/**
 * Makes in `folder`, for each platform: `PLATFORM/`, the folder that is installed; `trivet-agent-VERSION-PLATFORM.tar.gz` of it; the .deb; and
 * `….cdx.json`, what is in it. Then `SHA256SUMS` of all that is handed out.
 */
export async function buildPackages(folder: string, platforms: Platform[], note: (line: string) => void) {
  const { version } = packageJson
  await mkdir(folder, { recursive: true })
  for (const platform of platforms) {
    const built = join(folder, platform)
    const named = join(folder, `trivet-agent-${version}-${platform}`)
    note(`${platform}: the program`)
    const packages = await buildAgent(built, platform)
    await writeFile(`${named}.cdx.json`, `${JSON.stringify(await sbomOf(platform, packages), null, 2)}\n`)
    note(`${platform}: its packages`)
    await create({ file: `${named}.tar.gz`, cwd: built, gzip: true, portable: true }, [
      'trivet-agent',
      'trivet-agent.service',
    ])
    const deb = join(folder, `trivet-agent_${version}_${architectures[platform]}.deb`)
    await buildAgentDeb(built, platform, version, deb)
  }
  await writeFile(join(folder, 'SHA256SUMS'), await sumsOf(folder))
  for (const { name, size } of await filesIn(folder)) note(`${(size / 1e6).toFixed(1).padStart(6)} MB  ${name}`)
}

async function filesIn(folder: string) {
  const entries = await readdir(folder, { withFileTypes: true })
  const names = entries.filter((entry) => entry.isFile()).map(({ name }) => name)
  return Promise.all(names.toSorted().map(async (name) => ({ name, size: (await stat(join(folder, name))).size })))
}

/** As sha256sum writes and reads it. */
async function sumsOf(folder: string) {
  const lines = (await filesIn(folder)).map(async ({ name }) => `${await sha256Of(join(folder, name))}  ${name}\n`)
  return (await Promise.all(lines)).join('')
}

async function sha256Of(path: string) {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk)
  return hash.digest('hex')
}
