import assert from 'node:assert/strict'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { group } from '../../resources/group.ts'
import { user } from '../../resources/user.ts'
import { assertConverges, FakeHost, tempDir } from '../helpers/converges.ts'

/** Does to its tables what shadow's tools do to /etc/passwd and /etc/group. */
class AccountsHost extends FakeHost {
  override async run(argv: string[], options = {}) {
    const name = argv.at(-1) ?? ''
    const flag = (long: string) => (argv.includes(long) ? argv[argv.indexOf(long) + 1] : undefined)
    const tool = argv[0] ?? ''
    if (tool.startsWith('group') && tool !== 'groupdel') this.addGroup(name, Number(flag('--gid') ?? 900))
    if (tool === 'groupdel') this.groupTable.delete(name)
    if (tool === 'gpasswd') this.addGroup(name, 900, (flag('--members') ?? '').split(',').filter(Boolean))
    if (tool === 'userdel') this.accounts.delete(name)
    if (tool === 'useradd' || tool === 'usermod') {
      const before = this.accounts.get(name) ?? {
        uid: 900,
        gid: 900,
        comment: '',
        home: `/home/${name}`,
        shell: '/bin/sh',
      }
      const gid = flag('--gid')
      this.accounts.set(name, {
        uid: Number(flag('--uid') ?? before.uid),
        gid: gid === undefined ? before.gid : (this.groupTable.get(gid)?.gid ?? Number(gid)),
        comment: flag('--comment') ?? before.comment,
        home: flag('--home-dir') ?? flag('--home') ?? before.home,
        shell: flag('--shell') ?? before.shell,
      })
      for (const one of flag('--groups')?.split(',') ?? []) this.groupTable.get(one)?.members.push(name)
    }
    return super.run(argv, options)
  }

  addGroup(name: string, gid: number, members: string[] = []) {
    this.groupTable.set(name, { gid, members })
    return this
  }
}

test('user makes a missing user with all that was asked', async () => {
  const host = new AccountsHost().addGroup('zookeeper', 120).addGroup('ssl-cert', 121)
  const props = {
    uid: 120,
    group: 'zookeeper',
    groups: ['ssl-cert'],
    home: '/var/lib/zookeeper',
    shell: '/usr/sbin/nologin',
    comment: 'ZooKeeper',
    system: true,
  }
  await assertConverges(user, 'zookeeper', props, host, [
    'ensure: absent → present',
    'uid: - → 120',
    'group: - → zookeeper',
    'comment: - → ZooKeeper',
    'home: - → /var/lib/zookeeper',
    'shell: - → /usr/sbin/nologin',
    'groups: - → ssl-cert',
  ])
  assert.deepEqual(host.commands, [
    'useradd --no-create-home --system --uid 120 --gid zookeeper --groups ssl-cert --home-dir /var/lib/zookeeper --shell /usr/sbin/nologin --comment ZooKeeper -- zookeeper',
  ])
})

test('user gets a group of its own name, or joins the one that is there', async () => {
  const host = new AccountsHost()
  await assertConverges(user, 'alice', {}, host, ['ensure: absent → present'])
  host.addGroup('bob', 130)
  await assertConverges(user, 'bob', {}, host, ['ensure: absent → present'])
  assert.deepEqual(host.commands, [
    'useradd --no-create-home --user-group -- alice',
    'useradd --no-create-home --gid bob -- bob',
  ])
})

test('user mends what differs and leaves the rest alone, further groups too', async () => {
  const host = new AccountsHost().addGroup('staff', 50).addGroup('adm', 4, ['alice']).addGroup('docker', 60)
  host.accounts.set('alice', { uid: 1000, gid: 50, comment: 'Alice', home: '/home/alice', shell: '/bin/sh' })
  await assertConverges(user, 'alice', { group: 'staff', groups: ['adm', 'docker'], shell: '/bin/bash' }, host, [
    'shell: /bin/sh → /bin/bash',
    'groups: adm → adm,docker',
  ])
  assert.deepEqual(host.commands, ['usermod --shell /bin/bash --append --groups adm,docker -- alice'])
})

test('user shows a main group that does not exist yet by name', async () => {
  const host = new AccountsHost().addGroup('staff', 50)
  host.accounts.set('alice', { uid: 1000, gid: 50, comment: '', home: '/home/alice', shell: '/bin/sh' })
  const changes = await user.check('alice', user.props.parse({ group: 'later' }), host)
  assert.deepEqual(changes, [{ what: 'group', from: 'staff', to: 'later' }])
})

test(
  'user makes a home that is missing, closed to others',
  { skip: process.getuid?.() === 0 ? false : 'needs root' },
  async (t) => {
    const home = join(await tempDir(t), 'alice')
    const host = new AccountsHost()
    host.accounts.set('alice', { uid: 1, gid: 1, comment: '', home, shell: '/bin/sh' })
    await assertConverges(user, 'alice', { createHome: true }, host, [`home directory: - → ${home}`])
    assert.equal(statSync(home).uid, 1)
    assert.equal(statSync(home).mode & 0o777, 0o700)
    assert.deepEqual(host.commands, [])
  },
)

test('user removes a user and leaves its home', async () => {
  const host = new AccountsHost()
  host.accounts.set('alice', { uid: 1000, gid: 50, comment: '', home: '/home/alice', shell: '/bin/sh' })
  await assertConverges(user, 'alice', { ensure: 'absent' }, host, ['ensure: present → absent'])
  assert.deepEqual(host.commands, ['userdel -- alice'])
})

test('user and group refuse names and comments that shadow would not take', () => {
  for (const name of ['-alice', 'Alice', 'a b', 'a:b', '1abc', '']) {
    assert.equal(user.name.safeParse(name).success, false, name)
    assert.equal(group.name.safeParse(name).success, false, name)
  }
  assert.equal(user.props.safeParse({ comment: 'a:b' }).success, false)
})

test('group makes, changes and removes a group', async () => {
  const host = new AccountsHost()
  await assertConverges(group, 'web', { gid: 300, system: true }, host, ['ensure: absent → present', 'gid: - → 300'])
  await assertConverges(group, 'web', { gid: 301 }, host, ['gid: 300 → 301'])
  await assertConverges(group, 'web', { members: ['root', 'alice'] }, host, ['members: (none) → alice,root'])
  await assertConverges(group, 'web', { ensure: 'absent' }, host, ['ensure: present → absent'])
  assert.deepEqual(host.commands, [
    'groupadd --gid 300 --system -- web',
    'groupmod --gid 301 -- web',
    'gpasswd --members root,alice -- web',
    'groupdel -- web',
  ])
})
