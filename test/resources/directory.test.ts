import assert from 'node:assert/strict'
import { existsSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { directory } from '../../resources/directory.ts'
import { assertConverges, FakeHost, shown, tempDir } from '../helpers/converges.ts'

async function apply(path: string, props: object, host = new FakeHost()) {
  const want = directory.props.parse(props)
  await directory.apply(path, want, host, await directory.check(path, want, host))
}

test('directory makes a missing directory with its mode, whatever the umask', async (t) => {
  const path = join(await tempDir(t), 'data')
  const before = process.umask(0o077)
  t.after(() => process.umask(before))
  await assertConverges(directory, path, { mode: '2775' }, new FakeHost(), [
    'ensure: absent → present',
    'mode: - → 2775',
  ])
  assert.equal(statSync(path).mode & 0o7777, 0o2775)
})

test(
  'directory mends mode and owner of what is there',
  { skip: process.getuid?.() === 0 ? false : 'needs root' },
  async (t) => {
    const path = join(await tempDir(t), 'data')
    mkdirSync(path, { mode: 0o700 })
    const host = new FakeHost()
    host.accounts.set('daemon', { uid: 1, gid: 1, comment: '', home: '/', shell: '/bin/false' })
    host.groupTable.set('daemon', { gid: 1, members: [] })
    await assertConverges(directory, path, { mode: '0750', owner: 'daemon', group: '1' }, host, [
      'mode: 0700 → 0750',
      'owner: root → daemon',
      'group: root → 1',
    ])
    assert.equal(statSync(path).uid, 1)
  },
)

test('directory asks for its parent to be declared', async (t) => {
  const path = join(await tempDir(t), 'a', 'b')
  const changes = await directory.check(path, directory.props.parse({}), new FakeHost())
  assert.deepEqual(shown(changes), ['ensure: absent → present'])
  await assert.rejects(apply(path, {}), /\/a does not exist\. Declare directory\[.*\/a\] before directory\[.*\/a\/b\]/)
})

test('directory removes an empty directory, and a full one only by force', async (t) => {
  const path = join(await tempDir(t), 'old')
  mkdirSync(path)
  writeFileSync(join(path, 'precious'), '')
  await assert.rejects(apply(path, { ensure: 'absent' }), /Only an empty directory is, unless force is true/)
  assert(existsSync(join(path, 'precious')))
  await assertConverges(directory, path, { ensure: 'absent', force: true }, new FakeHost(), [
    'ensure: present → absent',
  ])
  mkdirSync(path)
  await assertConverges(directory, path, { ensure: 'absent' }, new FakeHost(), ['ensure: present → absent'])
})

test('directory does not touch a file or a link in its place', async (t) => {
  const dir = await tempDir(t)
  writeFileSync(join(dir, 'file'), '')
  symlinkSync('/etc', join(dir, 'link'))
  await assert.rejects(apply(join(dir, 'file'), { ensure: 'absent', force: true }), /is a file, which directory/)
  await assert.rejects(apply(join(dir, 'link'), { mode: '0700' }), /is a link, which directory/)
})
