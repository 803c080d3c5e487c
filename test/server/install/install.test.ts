import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import { platformHere } from '../../../packaging/platform.ts'
import { sha256 } from '../../../protocol/catalog.ts'
import { Handout } from '../../../server/install/handout.ts'
import { makeAuthority } from '../../helpers/authority.ts'

const script = fileURLToPath(new URL('../../../server/install/install.sh', import.meta.url))
const platform = platformHere()
const asRoot = ['--map-root-user', '--mount', '--']
const inNamespace = spawnSync('unshare', [...asRoot, 'mount', '-t', 'tmpfs', 'tmpfs', '/run']).status === 0
const skip = inNamespace ? false : 'a namespace with a /run of its own cannot be made here'

/** What the script says where a server hands out that list, and none of what it names: so nothing is ever installed. */
async function installing(t: TestContext, sums: string) {
  const folder = mkdtempSync(join(tmpdir(), 'test-install-'))
  t.after(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'SHA256SUMS'), sums)
  const { ca, key, cert, sha256: pin } = await makeAuthority()
  const app = Fastify({ https: { key, cert } })
  new Handout(folder, ca).register(app)
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  t.after(() => app.close())
  const env = { PATH: process.env.PATH, TRIVET_JOIN: `id.secret.${pin}@${url}` }
  const shell = 'mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/system && exec sh "$0"'
  return new Promise<string>((resolve) => {
    execFile('unshare', [...asRoot, 'sh', '-c', shell, script], { env }, (_error, _stdout, stderr) => resolve(stderr))
  })
}

const lineOf = (version: string, of: string = platform) => `${sha256(version)}  trivet-agent-${version}-${of}.tar.gz\n`

for (const [newest, versions] of [
  ['0.1.0', ['0.1.0']],
  ['1.10.0', ['1.10.0', '1.9.0', '1.2.0']],
  ['1.4.0', ['1.4.0', '1.4.0-rc.1', '1.4.0-rc.10']],
  ['1.4.0-rc.10', ['1.4.0-rc.10', '1.4.0-rc.9', '1.3.0']],
] as const) {
  test(`of ${versions.join(', ')} it takes ${newest}`, { skip }, async (t) => {
    const sums = versions.map((version) => lineOf(version)).join('') + lineOf('9.0.0', 'linux-other')
    assert.match(
      await installing(t, sums),
      new RegExp(` did not give trivet-agent-${newest}-${platform}\\.tar\\.gz\\.`),
    )
  })
}

test('where there is none for its platform it says so, and what to do', { skip }, async (t) => {
  assert.match(
    await installing(t, lineOf('1.0.0', 'linux-other')),
    new RegExp(`has no agent for ${platform}\\. Next, .*npm run build:agent -- --platform ${platform}`),
  )
})

const shellcheck = spawnSync('shellcheck', ['--version']).error ? 'shellcheck is not on this machine' : false

test('shellcheck finds nothing in it', { skip: shellcheck }, () => {
  const { stdout, status } = spawnSync('shellcheck', [script], { encoding: 'utf8' })
  assert.equal(status, 0, stdout)
})
