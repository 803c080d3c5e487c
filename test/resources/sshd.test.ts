import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { sha256 } from '../../protocol/catalog.ts'
import { sshd, sshdIn } from '../../resources/sshd.ts'
import { assertConverges, FakeHost, shown, tempDir } from '../helpers/converges.ts'

const root = { skip: process.getuid?.() === 0 ? false : 'needs root' }
const options = { PermitRootLogin: 'no', AcceptEnv: ['LANG', 'LC_*'], Port: 2222 }
const text = '# Kept by Trivet: sshd[20-ours]\nPermitRootLogin no\nAcceptEnv LANG\nAcceptEnv LC_*\nPort 2222\n'

/** A machine on which sshd says what `says`, and what it was given to read. */
async function machine(t: TestContext, says: { exitCode?: number; stderr?: string } = {}) {
  const dir = await tempDir(t)
  const dropIns = join(dir, 'sshd_config.d')
  mkdirSync(dropIns)
  writeFileSync(join(dir, 'sshd_config'), `# main\nInclude ${dropIns}/*.conf\nUsePAM yes\n`)
  const tried: string[] = []
  const whole = join(dir, 'trivet-sshd_config')
  const answer = () => {
    tried.push(readFileSync(whole, 'utf8'))
    return says
  }
  const host = new FakeHost({ [`/usr/sbin/sshd -t -f ${whole}`]: answer })
  return { dir, dropIns, host, tried, type: sshdIn(dir, dir), path: join(dropIns, '20-ours.conf') }
}

test('sshd lets sshd read all as it will be before the options go live', root, async (t) => {
  const { dir, dropIns, host, tried, type, path } = await machine(t)
  writeFileSync(join(dropIns, '30-others.conf'), 'PermitRootLogin yes\n')
  writeFileSync(join(dropIns, '10-more.conf'), '# nothing\nPermitRootLogin "no"\n')
  await assertConverges(type, '20-ours', { options }, host, [
    'ensure: absent → present',
    `content: - → ${sha256(text)}`,
    'mode: - → 0644',
    'owner: - → 0',
    'group: - → 0',
  ])
  assert.equal(readFileSync(path, 'utf8'), text)
  assert.equal(tried.length, 1)
  const line = tried[0]?.split('\n')[1] ?? ''
  const candidate = /\S+\/\.trivet-[0-9a-f]{16}-20-ours\.conf/.exec(line)?.[0]
  assert.equal(line, `Include ${dropIns}/10-more.conf ${candidate} ${dropIns}/30-others.conf`)
  assert.deepEqual(readdirSync(dir).toSorted(), ['sshd', 'sshd_config', 'sshd_config.d'])
  await assertConverges(type, '20-ours', { ensure: 'absent' }, host, ['ensure: present → absent'])
  assert.equal(existsSync(path), false)
})

test('sshd leaves the old options where sshd refuses the new', root, async (t) => {
  const { dir, host, type, path } = await machine(t, {
    exitCode: 255,
    stderr: 'line 2: Bad configuration option: Prot',
  })
  writeFileSync(path, 'Port 22\n')
  const want = type.props.parse({ options: { Prot: 23 } })
  await assert.rejects(
    async () => type.apply('20-ours', want, host, await type.check('20-ours', want, host)),
    /sshd refused the new options and the old ones stay\. .*Bad configuration option: Prot/,
  )
  assert.equal(readFileSync(path, 'utf8'), 'Port 22\n')
  assert.deepEqual(readdirSync(join(dir, 'sshd_config.d')), ['20-ours.conf'])
  assert.equal(existsSync(join(dir, 'trivet-sshd_config')), false)
})

test('sshd says which file sets an option before, since sshd takes the first', root, async (t) => {
  const { dropIns, host, tried, type, path } = await machine(t)
  writeFileSync(path, text)
  const by = join(dropIns, '10-cloud.conf')
  writeFileSync(by, 'Port 22\nMatch User x\nPermitRootLogin yes\n')
  const want = type.props.parse({ options })
  assert.deepEqual(await type.check('20-ours', want, host), [], 'ports add up, and a Match is for some alone')
  writeFileSync(by, ' permitrootlogin = yes\n')
  assert.deepEqual(shown(await type.check('20-ours', want, host)), [`PermitRootLogin: yes, by ${by} → no`])
  await assert.rejects(
    async () => type.apply('20-ours', want, host, []),
    /10-cloud\.conf sets PermitRootLogin before sshd\[20-ours\], and sshd takes the first\. Take it out there, or choose/,
  )
  assert.deepEqual(tried, [])
})

test('sshd says where its folder is not read, and that sshd is missing', async (t) => {
  const { dir, dropIns, host, type } = await machine(t)
  const want = type.props.parse({ options })
  writeFileSync(join(dir, 'sshd_config'), `Match User x\nInclude ${dropIns}/*.conf\n`)
  await assert.rejects(async () => type.check('20-ours', want, host), /sshd_config does not include .*\*\.conf for all/)
  const missing = sshdIn(join(dir, 'none'), dir)
  assert.equal((await missing.check('20-ours', want, host))[0]?.what, 'ensure')
  await assert.rejects(
    async () => missing.apply('20-ours', want, host, []),
    /Declare pkg\[openssh-server\] before sshd/,
  )
})

test('sshd takes options, one line each, and a name that sshd reads', () => {
  const wrong = [
    { Match: 'User x' },
    { include: '/x' },
    { 'A B': 'x' },
    { Port: '22\nx' },
    { Port: '' },
    { Port: [] },
    { '#A': 'b' },
  ]
  for (const one of wrong) assert.equal(sshd.props.safeParse({ options: one }).success, false, JSON.stringify(one))
  for (const name of ['a.conf', '.a', 'a/b', 'a b']) assert.equal(sshd.name.safeParse(name).success, false, name)
  assert.match(sshd.problem?.('a', sshd.props.parse({}), {}) ?? '', /needs options/)
})
