import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, openSync, readSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { buildAgent } from '../../agent/build/build.ts'
import { startAptCache } from '../../lab/apt-cache.ts'
import { aptCacheDir, defaultCacheDir } from '../../lab/base.ts'
import { cacheLines, readHostApt } from '../../lab/host-apt.ts'
import { whyNoLab } from '../../lab/requirements.ts'
import { must } from '../../lab/run.ts'
import packageJson from '../../package.json' with { type: 'json' }

const qemu = ['qemu-aarch64-static', 'qemu-aarch64']
  .flatMap((name) => (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, name)))
  .find((path) => existsSync(path))
const why = whyNoLab() ?? (qemu === undefined ? 'there is no qemu-aarch64 (apt-get install qemu-user-static)' : false)

describe('the agent for arm64', () => {
  const folder = mkdtempSync(join(tmpdir(), 'trivet-arm64-'))
  const agent = join(folder, 'built/trivet-agent')

  before(() => buildAgent(join(folder, 'built'), 'linux-arm64'))
  after(() => rmSync(folder, { recursive: true }))

  test('is a program of that machine', () => {
    const header = Buffer.alloc(20)
    assert.equal(readSync(openSync(agent, 'r'), header), header.length)
    assert.equal(header.subarray(0, 5).toString('latin1'), '\x7fELF\x02')
    const [aarch64, at] = [183, 18]
    assert.equal(header.readUInt16LE(at), aarch64)
  })

  test('starts, on what a bare Debian of that machine has', { skip: why }, async () => {
    assert(qemu)
    const root = join(folder, 'root')
    await extract(root)
    const run = (...args: string[]) => must([qemu, '-L', root, agent, ...args], { timeoutMs: 120_000 })
    assert.equal(await run('--version'), `trivet-agent ${packageJson.version}\n`)
    assert.match(await run('status', '--state', join(folder, 'state'), '--help'), /^Usage: trivet-agent status/)
  })
})

/** What the agent's package depends on, unpacked: nothing of another machine can be installed here. */
async function extract(root: string) {
  const { proxy, lines } = await readHostApt()
  const cache = await startAptCache({ host: '127.0.0.1', dir: aptCacheDir(defaultCacheDir), upstreamProxy: proxy })
  const options = [...lines, ...cacheLines(cache.url)].map((line) => `--aptopt=${line}`)
  const what = ['--variant=extract', '--architectures=arm64', '--format=directory']
  const include = '--include=base-files,libc6,libgcc-s1,libstdc++6'
  try {
    await must(['mmdebstrap', ...what, include, ...options, 'trixie', root])
  } finally {
    await cache.close()
  }
}
