import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { nodeVersion } from './platform.ts'

/** As npm locks them (lockfileVersion 3), by the folder of each below this one; the source itself is at `''`. */
const Lock = z.object({
  packages: z.record(
    z.string(),
    z.object({ version: z.string().optional(), integrity: z.string().optional(), license: z.string().optional() }),
  ),
})
type Locked = z.infer<typeof Lock>['packages'][string]

/**
 * What a program is made of, as CycloneDX 1.5 (https://cyclonedx.org/docs/1.5/json/): of the packages that npm has locked for this source those that are in it,
 * and Node.js. The same source gives the same. Read from the lock, since Debian's npm has no `npm sbom`.
 */
export async function sbomOf(program: string, isIn: (npmPackage: string) => boolean) {
  const { packages } = Lock.parse(JSON.parse(await readFile(new URL('../package-lock.json', import.meta.url), 'utf8')))
  const found = Object.entries(packages).flatMap(([path, locked]) => {
    const name = path.split('node_modules/').at(-1) ?? ''
    return path !== '' && isIn(name) ? [componentOf(name, locked)] : []
  })
  // Of one version there may be several folders.
  const components = new Map([...found, node].map((component) => [component['bom-ref'], component]))
  const version = packages['']?.version ?? ''
  const ref = `${program}@${version}`
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    version: 1,
    metadata: { component: { 'bom-ref': ref, type: 'application', name: program, version } },
    components: [...components.values()],
    // One piece: npm's tree of what needs what names much that is not in it.
    dependencies: [{ ref, dependsOn: [...components.keys()] }],
  }
}

function componentOf(name: string, { version = '', integrity, license }: Locked) {
  const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`
  return {
    'bom-ref': `${name}@${version}`,
    type: 'library',
    name,
    version,
    purl,
    ...(license && { licenses: [{ expression: license }] }),
    ...(integrity && { hashes: hashesOf(integrity) }),
  }
}

/** Of `sha512-BASE64`, as CycloneDX has it. */
function hashesOf(integrity: string) {
  return integrity.split(' ').map((one) => {
    const [algorithm = '', base64 = ''] = one.split(/-(.*)/s)
    return {
      alg: algorithm.toUpperCase().replace('SHA', 'SHA-'),
      content: Buffer.from(base64, 'base64').toString('hex'),
    }
  })
}

const node = {
  'bom-ref': `node@${nodeVersion}`,
  type: 'platform',
  name: 'node',
  version: nodeVersion,
  purl: `pkg:generic/node@${nodeVersion}`,
  cpe: `cpe:2.3:a:nodejs:node.js:${nodeVersion}:*:*:*:lts:*:*:*`,
  licenses: [{ expression: 'MIT' }],
}
