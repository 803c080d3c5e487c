import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { z } from 'zod'
import { nodeVersion } from './platform.ts'

const exec = promisify(execFile)

const Component = z.looseObject({ 'bom-ref': z.string(), name: z.string() })
const Sbom = z.looseObject({
  metadata: z.looseObject({ component: Component }),
  components: z.array(Component),
})

/**
 * What a program is made of, as CycloneDX: npm's list of what Trivet is installed with, less the packages that are not in it, and with Node.js.
 */
export async function sbomOf(program: string, isIn: (npmPackage: string) => boolean) {
  const { stdout } = await exec('npm', ['sbom', '--sbom-format', 'cyclonedx'], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    maxBuffer: 64 * 1024 * 1024,
  })
  const sbom = Sbom.parse(JSON.parse(stdout))
  const components = [...sbom.components.filter(({ name }) => isIn(name)), node]
  const refs = new Set(components.map((component) => component['bom-ref']))
  const root = { ...sbom.metadata.component, name: program }
  return {
    ...sbom,
    metadata: { ...sbom.metadata, component: root },
    components,
    // One piece: npm's tree of what needs what names much that is not in it.
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
