import assert from 'node:assert/strict'
import { mkdirSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { mount } from '../../resources/mount.ts'
import { assertConverges, FakeHost, shown, tempDir } from '../helpers/converges.ts'
import { layDown, rootedFiles } from '../helpers/rooted-files.ts'

const table = '/proc/self/mountinfo'
const root = '22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw'

/** A kernel that mounts, remounts and unmounts as it is told. */
class MountingHost extends FakeHost {
  mounts: string[] = [root]

  readonly dir: string

  constructor(dir: string) {
    super()
    this.dir = dir
    this.files = rootedFiles(dir)
    this.lay()
  }

  lay() {
    layDown(this.dir, { [table]: `${this.mounts.join('\n')}\n` })
  }

  override async run(argv: string[], options = {}) {
    const result = await super.run(argv, options)
    const at = (argv.at(-1) ?? '').replaceAll(' ', '\\040')
    const [device, type, flags = ''] = [argv.at(-2), argv[2], argv[4]]
    if (argv[0] === 'umount' || flags.startsWith('remount')) {
      const index = this.mounts.findLastIndex((line) => line.includes(` ${at} `))
      if (index >= 0) this.mounts.splice(index, 1)
    }
    const shownFlags = ['rw', ...flags.split(',').filter((flag) => ['nosuid', 'nodev', 'noexec'].includes(flag))].join()
    if (argv[0] === 'mount') this.mounts.push(`40 22 0:50 / ${at} ${shownFlags} shared:9 - ${type} ${device} rw`)
    this.lay()
    return result
  }
}

async function machine(t: TestContext, fstab = '# by hand\nUUID=1 / ext4 defaults 0 1\n') {
  const dir = await tempDir(t)
  layDown(dir, { '/etc/fstab': fstab })
  mkdirSync(join(dir, 'srv/a b'), { recursive: true })
  const host = new MountingHost(dir)
  return { dir, host, fstab: () => host.files.read('/etc/fstab').toString() }
}

const line = (options: string) => String.raw`tmpfs	/srv/a\040b	tmpfs	${options}	0	0`
const mounted = (rest: string) => String.raw`41 22 8:17 / /srv/a\040b ${rest}`

const tmpfs = { device: 'tmpfs', fstype: 'tmpfs' }

test('mount mounts before it writes the line, remounts for other options, and takes both away', async (t) => {
  const { host, fstab } = await machine(t)
  await assertConverges(mount, '/srv/a b', { ...tmpfs, options: ['size=8m', 'nosuid'] }, host, [
    `fstab: absent → ${line('size=8m,nosuid')}`,
    'mounted: false → true',
  ])
  assert.deepEqual(host.commands, ['mount -t tmpfs -o size=8m,nosuid -- tmpfs /srv/a b', 'systemctl daemon-reload'])
  assert.equal(fstab(), `# by hand\nUUID=1 / ext4 defaults 0 1\n${line('size=8m,nosuid')}\n`)
  await assertConverges(mount, '/srv/a b', { ...tmpfs, options: ['size=8m', 'nosuid', 'noexec'] }, host, [
    `fstab: ${line('size=8m,nosuid')} → ${line('size=8m,nosuid,noexec')}`,
    'options: nosuid → nosuid,noexec',
  ])
  assert.equal(host.commands[2], 'mount -t tmpfs -o remount,size=8m,nosuid,noexec -- tmpfs /srv/a b')
  await assertConverges(mount, '/srv/a b', { ...tmpfs, ensure: 'unmounted', options: ['noauto'] }, host, [
    `fstab: ${line('size=8m,nosuid,noexec')} → ${line('noauto')}`,
    'mounted: true → false',
  ])
  await assertConverges(mount, '/srv/a b', { ensure: 'absent' }, host, [`fstab: ${line('noauto')} → absent`])
  assert.equal(fstab(), '# by hand\nUUID=1 / ext4 defaults 0 1\n')
})

test('mount puts one line in the place of several, and knows a line however it is spaced', async (t) => {
  const { host, fstab } = await machine(
    t,
    '/dev/sdb1   /srv/a\\040b  ext4\n# between\n/dev/sdc1 /srv/a\\040b ext4 ro 0 2',
  )
  const want = { ensure: 'present' as const, device: '/dev/sdb1', fstype: 'ext4' }
  assert.deepEqual(await mount.check('/srv/a b', mount.props.parse(want), host), [])
  await assertConverges(mount, '/srv/a b', { ...want, pass: 2 }, host, [
    String.raw`fstab: /dev/sdb1	/srv/a\040b	ext4	defaults	0	0 → /dev/sdb1	/srv/a\040b	ext4	defaults	0	2`,
  ])
  assert.equal(fstab(), '/dev/sdb1\t/srv/a\\040b\text4\tdefaults\t0\t2\n# between\n')
})

test('mount mounts anew what is another device or type, also stacked', async (t) => {
  const { host } = await machine(t)
  host.mounts.push(mounted('rw - xfs /dev/sdd1 rw'), mounted('ro - ext4 /dev/sdb1 rw'))
  host.lay()
  const want = { device: '/dev/sdc1', fstype: 'xfs' }
  layDown(host.dir, { '/dev/sdc1': '' })
  await assertConverges(mount, '/srv/a b', want, host, [
    String.raw`fstab: absent → /dev/sdc1	/srv/a\040b	xfs	defaults	0	0`,
    'device: /dev/sdb1 → /dev/sdc1',
    'type: ext4 → xfs',
    'options: ro → ',
  ])
  assert.deepEqual(host.commands.slice(0, 3), [
    'umount -- /srv/a b',
    'umount -- /srv/a b',
    'mount -t xfs -o defaults -- /dev/sdc1 /srv/a b',
  ])
})

const equal: [string, string, Record<string, unknown>][] = [
  ['a tag that leads to the device', 'rw - ext4 /dev/sdb1 rw', { device: 'UUID=77', fstype: 'ext4' }],
  ['a tag that leads nowhere now', 'rw - ext4 /dev/sdb1 rw', { device: 'LABEL=gone', fstype: 'ext4' }],
  ['any type that is found', 'rw - ext4 /dev/sdb1 rw', { device: '/dev/sdb1', fstype: 'auto' }],
  ['NFS, which the kernel shows with its version', 'rw - nfs4 nas:/x rw', { device: 'nas:/x', fstype: 'nfs' }],
  [
    'a bind, of which the kernel shows the device',
    'ro - ext4 /dev/sda1 rw',
    { device: '/etc', fstype: 'none', options: ['bind', 'ro'] },
  ],
  ['an image, of which the kernel shows the loop', 'rw - ext4 /dev/loop3 rw', { device: '/srv/image', fstype: 'ext4' }],
  ['a read-only file system', 'rw - ext4 /dev/sdb1 ro', { device: '/dev/sdb1', fstype: 'ext4', options: ['ro'] }],
  [
    'what `user` stands for',
    'rw,nosuid,nodev,noexec - ext4 /dev/sdb1 rw',
    { device: '/dev/sdb1', fstype: 'ext4', options: ['user'] },
  ],
  [
    'an automount that waits',
    'rw - autofs systemd-1 rw',
    { device: 'nas:/x', fstype: 'nfs', options: ['x-systemd.automount'] },
  ],
]

for (const [what, found, props] of equal) {
  test(`mount finds nothing to do for ${what}`, async (t) => {
    const { dir, host } = await machine(t)
    layDown(dir, { '/dev/sdb1': '', '/dev/sda1': '' })
    mkdirSync(join(dir, dirname('dev/disk/by-uuid/77')), { recursive: true })
    symlinkSync('../../sdb1', join(dir, 'dev/disk/by-uuid/77'))
    host.mounts.push(`41 22 8:17 / /srv/x ${found}`)
    host.lay()
    const changes = await mount.check('/srv/x', mount.props.parse(props), host)
    assert.deepEqual(
      shown(changes).filter((change) => !change.startsWith('fstab')),
      [],
    )
  })
}

test('mount leaves no line for what cannot be mounted, and says who holds what cannot be unmounted', async (t) => {
  const { dir, fstab } = await machine(t)
  const refusing = new FakeHost({
    'mount -t ext4 -o defaults -- /dev/none /srv/a b': {
      exitCode: 32,
      stderr: 'mount: special device does not exist.',
    },
    'umount -- /srv/a b': { exitCode: 32, stderr: 'umount: target is busy.' },
  })
  refusing.files = rootedFiles(dir)
  const want = mount.props.parse({ device: '/dev/none', fstype: 'ext4' })
  const apply = async (path: string, props: typeof want) =>
    mount.apply(path, props, refusing, await mount.check(path, props, refusing))
  await assert.rejects(apply('/srv/a b', want), /special device does not exist/)
  assert.doesNotMatch(fstab(), /none/)
  await assert.rejects(apply('/srv/nowhere', want), /no directory \/srv\/nowhere to mount on\. Declare directory\[/)
  layDown(dir, { [table]: '41 22 8:17 / /srv/a\\040b rw - ext4 /dev/sdb1 rw\n' })
  await assert.rejects(
    apply('/srv/a b', mount.props.parse({ ensure: 'absent' })),
    /busy\. Who uses it: fuser -vm \/srv\/a b/,
  )
})

test('mount takes nothing that would be another field or line', () => {
  for (const props of [
    { ...tmpfs, options: ['a,b'] },
    { ...tmpfs, options: ['a b'] },
    { ...tmpfs, device: 'a\nb' },
    { ...tmpfs, fstype: 'a b' },
  ])
    assert(!mount.props.safeParse(props).success, JSON.stringify(props))
  assert.match(mount.problem?.('/a', mount.props.parse({ device: 'tmpfs' }), {}) ?? '', /needs a device and a fstype/)
})
