import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { create } from 'tar'
import packageJson from '../../package.json' with { type: 'json' }
import { buildAgent } from './build.ts'
import { architectures, type Platform } from '../../packaging/platform.ts'
import { sbomOf } from '../../packaging/sbom.ts'
import { writeSums } from '../../packaging/sums.ts'
import { buildAgentDeb } from './deb.ts'

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
    await writeFile(
      `${named}.cdx.json`,
      `${JSON.stringify(await sbomOf('trivet-agent', (name) => packages.has(name) || name === `@esbuild/${platform}`), null, 2)}\n`,
    )
    note(`${platform}: its packages`)
    await create({ file: `${named}.tar.gz`, cwd: built, gzip: true, portable: true }, [
      'trivet-agent',
      'trivet-agent.service',
    ])
    const deb = join(folder, `trivet-agent_${version}_${architectures[platform]}.deb`)
    await buildAgentDeb(built, platform, version, deb)
  }
  for (const line of await writeSums(folder)) note(line)
}
