import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test, type TestContext } from 'node:test'
import { sha256 } from '../../../protocol/catalog.ts'
import { bareMachine, platform, script, skip } from './bare-machine.ts'

/** What the script says where a server hands out that list, and none of what it names: so nothing is ever installed. */
async function installing(t: TestContext, sums: string) {
  const { run } = await bareMachine(t, { sums })
  return (await run('sh "$install"')).stderr
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
