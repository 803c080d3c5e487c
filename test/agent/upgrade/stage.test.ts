import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  appendFileSync,
  createReadStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:https'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { runCommand } from '../../../agent/machine/run-command.ts'
import { Slots } from '../../../agent/upgrade/slots.ts'
import { stage } from '../../../agent/upgrade/stage.ts'
import { handOutScript, listAndSign, scriptOf, sign, signingKey } from '../../helpers/agent-handout.ts'
import { makeAuthority } from '../../helpers/authority.ts'
import { listen } from '../../helpers/listen.ts'
import { asRoot } from '../tiny.ts'

const platform = 'linux-x64'

/** An agent's folder, and a server that hands out what is in another. */
async function place(t: TestContext) {
  const dir = mkdtempSync(join(tmpdir(), 'test-stage-'))
  t.after(() => rmSync(dir, { recursive: true }))
  const [lib, out] = [join(dir, 'lib'), join(dir, 'out')]
  mkdirSync(lib)
  writeFileSync(join(lib, 'trivet-agent'), 'the one that runs')
  symlinkSync('.', join(lib, 'current'))
  const { ca, key, cert } = await makeAuthority()
  const serving = { cut: false, tellsLength: true }
  const server = createServer({ key, cert, minVersion: 'TLSv1.3' }, (request, response) => {
    const path = join(out, basename(request.url ?? ''))
    if (!existsSync(path)) return void response.writeHead(404).end()
    const bytes = readFileSync(path)
    response.writeHead(200, serving.tellsLength ? { 'content-length': bytes.length } : {})
    if (serving.cut && path.endsWith('.gz')) return void response.write(bytes.subarray(0, 20), () => response.destroy())
    return void createReadStream(path).pipe(response)
  })
  const url = await listen(t, server)
  const signing = signingKey()
  const slots = new Slots(lib)
  const staged = (version: string) =>
    stage({
      server: { url, ca },
      key: signing.publicPart,
      version,
      platform,
      slots,
      run: (argv, options = {}) => runCommand(argv, options, dir),
      signal: new AbortController().signal,
    })
  const handOut = (version: string, script = scriptOf(version, 'exit 1')) =>
    handOutScript(out, { version, platform, script, key: signing })
  /** It is refused, and nothing of it is left. */
  const refuses = async (version: string, why: RegExp) => {
    await assert.rejects(staged(version), why)
    assert.deepEqual([slots.current, existsSync(slots.path('a'))], ['.', false])
  }
  return { lib, out, signing, slots, staged, handOut, refuses, serving }
}

test('an agent that is signed is brought into the free slot, whole, and starts there', async (t) => {
  const { slots, staged, handOut } = await place(t)
  await handOut('1.1.0')
  assert.equal(await staged('1.1.0'), 'a')
  assert.match(readFileSync(slots.program('a'), 'utf8'), /trivet-agent 1\.1\.0/)
  assert.deepEqual([slots.current, existsSync(join(slots.path('a'), 'archive'))], ['.', false])
})

test('of versions that lie side by side, listed and signed as the docs tell, it is the one that was asked for', async (t) => {
  const { out, signing, slots, staged, handOut } = await place(t)
  await handOut('1.0.0')
  const older = `trivet-agent-1.0.0-${platform}.tar.gz`
  const archive = readFileSync(join(out, older))
  await handOut('1.1.0')
  writeFileSync(join(out, older), archive)
  await assert.rejects(staged('1.0.0'), /has no trivet-agent-1\.0\.0/)
  listAndSign(out, signing)
  for (const version of ['1.0.0', '1.1.0']) {
    const slot = await staged(version)
    assert(readFileSync(slots.program(slot), 'utf8').includes(`trivet-agent ${version}`))
  }
})

test('what was signed by another key, or by nobody, is not taken', async (t) => {
  const { out, handOut, refuses } = await place(t)
  await handOut('1.1.0')
  sign(out, signingKey())
  await refuses('1.1.0', /not signed by the key of this agent.*Next: build with the --signing-key/)
  writeFileSync(join(out, 'SHA256SUMS.sig'), 'nonsense')
  await refuses('1.1.0', /not signed by the key of this agent/)
  rmSync(join(out, 'SHA256SUMS.sig'))
  await refuses('1.1.0', /SHA256SUMS\.sig answered 404/)
})

test('neither is a list that was changed after it was signed, nor an archive that is another', async (t) => {
  const { out, handOut, refuses } = await place(t)
  await handOut('1.1.0')
  const sums = join(out, 'SHA256SUMS')
  const signed = readFileSync(sums, 'utf8')
  writeFileSync(sums, signed.replaceAll('1.1.0', '1.2.0'))
  await refuses('1.2.0', /not signed by the key/)
  writeFileSync(sums, signed)
  writeFileSync(join(out, `trivet-agent-1.1.0-${platform}.tar.gz`), 'something else')
  await refuses('1.1.0', /is not what was signed: its SHA-256 is/)
})

test('a version that is not there, one that says it is another, and one that does not start are told apart', async (t) => {
  const { handOut, refuses } = await place(t)
  await handOut('1.1.0')
  await refuses('1.2.0', /the server has no trivet-agent-1\.2\.0-linux-x64\.tar\.gz\. Next/)
  await handOut('1.1.0', scriptOf('9.9.9', 'exit 1'))
  await refuses('1.1.0', /holds an agent that says it is trivet-agent 9\.9\.9/)
  await handOut('1.1.0', '#!/bin/sh\necho broken >&2\nexit 3\n')
  await refuses('1.1.0', /--version ended with 3: broken/)
})

test('half a download is thrown away', async (t) => {
  const { staged, handOut, refuses, serving } = await place(t)
  await handOut('1.1.0')
  serving.cut = true
  await refuses('1.1.0', /aborted|ECONNRESET|hang up|Premature/)
  serving.cut = false
  assert.equal(await staged('1.1.0'), 'a')
})

test('without room for it nothing is downloaded', async (t) => {
  const { slots, handOut, staged } = await place(t)
  await handOut('1.1.0')
  const { bavail, bsize } = (await import('node:fs')).statfsSync(slots.folder)
  ;(await import('node:fs')).truncateSync(slots.program('.'), bavail * bsize)
  await assert.rejects(staged('1.1.0'), /of room, and the new agent needs \d+ MB\. Make room there/)
})

test('a disk that is full in the middle of it is told of, and nothing is left there', asRoot, async (t) => {
  const { lib, out, handOut, refuses, serving } = await place(t)
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', lib])
  try {
    writeFileSync(join(lib, 'trivet-agent'), 'the one that runs')
    symlinkSync('.', join(lib, 'current'))
    await handOut('1.1.0')
    appendFileSync(join(out, `trivet-agent-1.1.0-${platform}.tar.gz`), randomBytes(200_000))
    serving.tellsLength = false
    await refuses('1.1.0', /lib had no room left before .* Next: make room there/)
  } finally {
    execFileSync('umount', [lib])
  }
})
