import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import Fastify from 'fastify'
import { Handout } from '../../../server/install/handout.ts'
import { tempDir } from '../../helpers/converges.ts'

async function handing(t: TestContext) {
  const dir = await tempDir(t)
  const folder = join(dir, 'agents')
  mkdirSync(folder)
  const app = Fastify()
  const handout = new Handout(folder, 'the CA')
  handout.register(app)
  t.after(() => app.close())
  const get = async (name: string) => {
    const { statusCode, body } = await app.inject(`/agent/${name}`)
    return statusCode === 200 ? body : statusCode
  }
  return { dir, folder, handout, get }
}

test('what lies in the folder under the names that a build gives is handed out, whole', async (t) => {
  const { folder, get, handout } = await handing(t)
  const sums = `${'0'.repeat(64)}  trivet-agent-1.0.0-linux-x64.tar.gz\n`
  writeFileSync(join(folder, 'SHA256SUMS'), sums)
  writeFileSync(join(folder, 'secret'), 'of no build')
  assert.deepEqual([await get('SHA256SUMS'), await get('secret'), await get('SHA256SUMS.sig')], [sums, 404, 404])
  assert.deepEqual(await handout.versions(), { versions: new Map([['1.0.0', ['linux-x64']]]), isSigned: false })
  assert.match((await handout.installer()) ?? '', /^[0-9a-f]{64}$/)
})

test('a link, a pipe and a folder in it are not, and nothing is read through them', async (t) => {
  const { dir, folder, get, handout } = await handing(t)
  const secret = join(dir, 'secret')
  writeFileSync(secret, `${'0'.repeat(64)}  trivet-agent-1.0.0-linux-x64.tar.gz\n`)
  for (const name of ['SHA256SUMS', 'SHA256SUMS.sig', 'trivet-agent-1.0.0-linux-x64.tar.gz'])
    symlinkSync(secret, join(folder, name))
  symlinkSync('nowhere', join(folder, 'trivet-agent-broken'))
  execFileSync('mkfifo', [join(folder, 'trivet-agent-pipe')])
  mkdirSync(join(folder, 'trivet-agent-folder'))
  for (const name of ['SHA256SUMS', 'SHA256SUMS.sig', 'trivet-agent-1.0.0-linux-x64.tar.gz', 'trivet-agent-broken'])
    assert.equal(await get(name), 404, name)
  assert.deepEqual([await get('trivet-agent-pipe'), await get('trivet-agent-folder')], [404, 404])
  assert.deepEqual(await handout.versions(), { versions: new Map(), isSigned: false })
  assert.equal(await handout.installer(), undefined)
})
