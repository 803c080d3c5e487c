import type { KeyObject } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { create } from 'tar'
import { built } from '../built.ts'
import { buildAgent } from './build.ts'
import { architectures, type Platform } from '../../packaging/platform.ts'
import { sbomOf } from '../../packaging/sbom.ts'
import { writeSums } from '../../packaging/sums.ts'
import { buildAgentDeb } from './deb.ts'
import { publicPartOf, signatureOf } from './signing.ts'

export interface PackageOptions {
  platforms: Platform[]
  note: (line: string) => void
  /** By which agents are to know that another one is meant for them. */
  key?: KeyObject | undefined
  version?: string
}

/**
 * Makes in `folder`, for each platform: `PLATFORM/`, the folder that is installed; `trivet-agent-VERSION-PLATFORM.tar.gz` of it; the .deb; and
 * `….cdx.json`, what is in it. Then `SHA256SUMS` of all that is handed out, and with a key `SHA256SUMS.sig`.
 */
export async function buildPackages(folder: string, { platforms, note, key, version = built.version }: PackageOptions) {
  const as = { version, upgradeKey: key && publicPartOf(key) }
  await mkdir(folder, { recursive: true })
  for (const platform of platforms) {
    const root = join(folder, platform)
    const named = join(folder, `trivet-agent-${version}-${platform}`)
    note(`${platform}: the program`)
    const packages = await buildAgent(root, platform, as)
    await writeFile(
      `${named}.cdx.json`,
      `${JSON.stringify(await sbomOf('trivet-agent', (name) => packages.has(name) || name === `@esbuild/${platform}`), null, 2)}\n`,
    )
    note(`${platform}: its packages`)
    await create({ file: `${named}.tar.gz`, cwd: root, gzip: true, portable: true }, [
      'trivet-agent',
      'trivet-agent.service',
      'current',
    ])
    const deb = join(folder, `trivet-agent_${version}_${architectures[platform]}.deb`)
    await buildAgentDeb(root, platform, version, deb)
  }
  for (const line of await writeSums(folder)) note(line)
  if (key)
    await writeFile(
      join(folder, 'SHA256SUMS.sig'),
      signatureOf(await readFile(join(folder, 'SHA256SUMS'), 'utf8'), key),
    )
}
