import assert from 'node:assert/strict'
import { test } from 'node:test'
import packageJson from '../../package.json' with { type: 'json' }
import { nodeVersion } from '../../packaging/platform.ts'
import { sbomOf } from '../../packaging/sbom.ts'

test('what a program is made of is told by name, version, licence and hash, and nothing else', async () => {
  const { metadata, components, dependencies } = await sbomOf('trivet-agent', (name) => name === 'zod')
  assert.deepEqual([metadata.component.name, metadata.component.version], ['trivet-agent', packageJson.version])
  assert(components.some(({ name, version }) => name === 'node' && version === nodeVersion))
  const others = components.filter(({ name }) => name !== 'node')
  assert(others.every(({ name }) => name === 'zod'))
  const zod = others.find(({ name }) => name === 'zod')
  assert(zod && 'hashes' in zod)
  assert.match(zod.purl, /^pkg:npm\/zod@\d+\.\d+\.\d+$/)
  assert.deepEqual(zod.licenses, [{ expression: 'MIT' }])
  assert.deepEqual(
    zod.hashes?.map(({ alg, content }) => [alg, content.length]),
    [['SHA-512', 128]],
  )
  assert.deepEqual(
    dependencies[0]?.dependsOn,
    components.map((one) => one['bom-ref']),
  )
})

test('the name of a scope is written as a URL has it', async () => {
  const { components } = await sbomOf('it', (name) => name === '@aws-sdk/client-ec2')
  assert.match(components[0]?.purl ?? '', /^pkg:npm\/%40aws-sdk\/client-ec2@/)
})
