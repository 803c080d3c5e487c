import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { sha256 } from '../../protocol/catalog.ts'
import { sshAuthorizedKey } from '../../resources/ssh-authorized-key.ts'
import { assertConverges, FakeHost, shown, tempDir } from '../helpers/converges.ts'

const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f'
const other = key.replace('BQYH', 'BQYI')
const line = `${key} alice@laptop\n`
const root = { skip: process.getuid?.() === 0 ? false : 'needs root' }

async function withUser(t: TestContext, authorized?: string) {
  const home = await tempDir(t)
  const host = new FakeHost()
  host.accounts.set('deploy', { uid: 1234, gid: 1235, comment: '', home, shell: '/bin/sh' })
  const path = join(home, '.ssh', 'authorized_keys')
  if (authorized !== undefined) {
    mkdirSync(join(home, '.ssh'))
    writeFileSync(path, authorized)
  }
  return { home, host, path }
}

/** What the file holds then. */
async function keyed(t: TestContext, before: string, props: object) {
  const { host, path } = await withUser(t, before)
  const want = sshAuthorizedKey.props.parse(props)
  const name = 'deploy#alice@laptop'
  await sshAuthorizedKey.apply(name, want, host, await sshAuthorizedKey.check(name, want, host))
  assert.deepEqual(await sshAuthorizedKey.check(name, want, host), [])
  return readFileSync(path, 'utf8')
}

test('ssh_authorized_key makes folder and file, which are the user’s alone', root, async (t) => {
  const { home, host, path } = await withUser(t)
  const folder = join(home, '.ssh')
  await assertConverges(sshAuthorizedKey, 'deploy#alice@laptop', { key }, host, [
    `${folder} mode: - → 0700`,
    `${folder} owner: - → deploy`,
    `${folder} group: - → 1235`,
    'ensure: absent → present',
    `content: - → ${sha256(line)}`,
    'mode: - → 0600',
    'owner: - → deploy',
    'group: - → 1235',
  ])
  assert.equal(readFileSync(path, 'utf8'), line)
  for (const [made, mode] of [
    [folder, 0o700],
    [path, 0o600],
  ] as const) {
    const { uid, gid, mode: bits } = statSync(made)
    assert.deepEqual([uid, gid, bits & 0o777], [1234, 1235, mode])
  }
})

test('ssh_authorized_key mends what would keep sshd from reading it', root, async (t) => {
  const { home, host, path } = await withUser(t, line)
  const changes = await assertConverges(sshAuthorizedKey, 'deploy#alice@laptop', { key }, host, [
    `${join(home, '.ssh')} mode: 0755 → 0700`,
    `${join(home, '.ssh')} owner: root → deploy`,
    `${join(home, '.ssh')} group: root → 1235`,
    'mode: 0644 → 0600',
    'owner: root → deploy',
    'group: root → 1235',
  ])
  assert.equal(changes.length, 6)
  assert.equal(statSync(path).uid, 1234)
})

test(
  'ssh_authorized_key takes the place of lines with its comment or its key, whatever their options',
  root,
  async (t) => {
    const stale = `# who\n${other} alice@laptop\n${other} bob\ncommand="echo \\"a b\\"",no-pty ${key} old name\n`
    assert.equal(await keyed(t, stale, { key }), `# who\n${line}${other} bob\n`)
    const options = ['from="10.0.0.0/8,!10.0.0.1"', 'no-pty']
    assert.equal(await keyed(t, line, { key, options }), `from="10.0.0.0/8,!10.0.0.1",no-pty ${line}`)
    assert.equal(await keyed(t, `${other} bob`, { key }), `${other} bob\n${line}`)
  },
)

test('ssh_authorized_key that is absent is gone by its comment, and by its key where it is given', root, async (t) => {
  assert.equal(await keyed(t, `${line}${other} bob\n`, { ensure: 'absent' }), `${other} bob\n`)
  assert.equal(await keyed(t, `${line}${other} bob\n`, { ensure: 'absent', key: other }), '')
  const { home, host } = await withUser(t)
  const gone = sshAuthorizedKey.props.parse({ ensure: 'absent' })
  assert.deepEqual(await sshAuthorizedKey.check('deploy#x', gone, host), [])
  assert.deepEqual(await sshAuthorizedKey.check('nobody#x', gone, host), [])
  assert.equal(existsSync(join(home, '.ssh')), false)
})

test('ssh_authorized_key says what is missing, and follows no link of the user', async (t) => {
  const { home, host } = await withUser(t)
  const want = sshAuthorizedKey.props.parse({ key })
  assert.deepEqual(shown(await sshAuthorizedKey.check('nobody#x', want, host)), ['ensure: absent → present'])
  await assert.rejects(async () => sshAuthorizedKey.apply('nobody#x', want, host, []), /Declare user\[nobody\] before/)
  host.accounts.set('homeless', { uid: 1, gid: 1, comment: '', home: join(home, 'none'), shell: '/bin/sh' })
  await assert.rejects(
    async () => sshAuthorizedKey.apply('homeless#x', want, host, []),
    /none, the home of homeless, does not exist\. Give user\[homeless\] `createHome: true`/,
  )
  symlinkSync('/root', join(home, '.ssh'))
  await assert.rejects(
    async () => sshAuthorizedKey.check('deploy#x', want, host),
    /\.ssh is a link, which is not followed/,
  )
})

test('ssh_authorized_key takes keys and options as sshd does, and one line of each', () => {
  for (const wrong of [
    'ssh-ed25519',
    `${key} alice`,
    key.replace('ssh-ed25519', 'ssh-rsa'),
    `${key}\n`,
    'ssh-rsa AAAA',
  ])
    assert.equal(sshAuthorizedKey.props.safeParse({ key: wrong }).success, false, wrong)
  for (const option of ['no-pty\n', 'from="a', 'from=a', 'a b', 'command="x" ssh-rsa'])
    assert.equal(sshAuthorizedKey.props.safeParse({ key, options: [option] }).success, false, option)
  for (const name of ['root', 'root#', '#a', 'Root#a', 'root#a\nb', 'root# a'])
    assert.equal(sshAuthorizedKey.name.safeParse(name).success, false, name)
  assert.match(sshAuthorizedKey.problem?.('a#b', sshAuthorizedKey.props.parse({}), {}) ?? '', /needs a key/)
})
