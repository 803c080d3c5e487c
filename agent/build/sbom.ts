import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { z } from 'zod'
import { nodeVersion, type Platform } from './platform.ts'

const exec = promisify(execFile)

const Component = z.looseObject({ 'bom-ref': z.string(), name: z.string() })
const Sbom = z.looseObject({
  metadata: z.looseObject({ component: Component }),
  components: z.array(Component),
})

/**
 * What the agent is made of, as CycloneDX: npm's list of what Trivet is installed with, less what is not in the agent, and with Node.js.
 * `packages` are the names that esbuild found code of.
 */
export async function sbomOf(platform: Platform, packages: ReadonlySet<string>) {
  const { stdout } = await exec('npm', ['sbom', '--sbom-format', 'cyclonedx'], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    maxBuffer: 64 * 1024 * 1024,
  })
  const sbom = Sbom.parse(JSON.parse(stdout))
  const isIn = ({ name }: z.infer<typeof Component>) => packages.has(name) || name === `@esbuild/${platform}`
  const components = [...sbom.components.filter(isIn), node]
  const refs = new Set(components.map((component) => component['bom-ref']))
  const root = { ...sbom.metadata.component, name: 'trivet-agent' }
  return {
    ...sbom,
    metadata: { ...sbom.metadata, component: root },
    components,
    // The agent is one piece: npm's tree of what needs what names much that is not in it.
    dependencies: [{ ref: root['bom-ref'], dependsOn: [...refs] }],
  }
}

const node = {
  'bom-ref': `node@${nodeVersion}`,
  type: 'platform',
  name: 'node',
  version: nodeVersion,
  purl: `pkg:generic/node@${nodeVersion}`,
  cpe: `cpe:2.3:a:nodejs:node.js:${nodeVersion}:*:*:*:lts:*:*:*`,
  licenses: [{ license: { id: 'MIT' } }],
}
