import assert from 'node:assert/strict'
import { truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { swap } from '../../resources/swap.ts'
import { assertConverges, FakeHost, tempDir } from '../helpers/converges.ts'
import { layDown, rootedFiles } from '../helpers/rooted-files.ts'

const head = 'Filename\tType\tSize\tUsed\tPriority\n'

/** A kernel and tools that know of swap files by what they were told. */
class SwappingHost extends FakeHost {
  formatted = new Set<string>()
  used: string[] = []

  readonly dir: string

  constructor(dir: string) {
    super()
    this.dir = dir
    this.files = rootedFiles(dir)
  }

  override async run(argv: string[], options = {}) {
    const result = await super.run(argv, options)
    const path = argv.at(-1) ?? ''
    if (argv[0] === 'fallocate') truncateSync(join(this.dir, path), Number(argv[2]))
    if (argv[0] === 'mkswap') this.formatted.add(path.replace('.trivet-new', ''))
    if (argv[0] === 'blkid') return { ...result, stdout: this.formatted.has(path) ? 'DEVNAME=x\nTYPE=swap\n' : '' }
    if (argv[0] === 'swapoff') this.used = this.used.filter((line) => !line.startsWith(`${path}\t`))
    if (argv[0] === 'swapon') this.used.push(`${path}\tfile\t1024\t0\t${argv[1] === '--priority' ? argv[2] : -2}\n`)
    layDown(this.dir, { '/proc/swaps': head + this.used.join('') })
    return result
  }
}

async function machine(t: TestContext) {
  const dir = await tempDir(t)
  layDown(dir, { '/etc/fstab': '', '/proc/swaps': head })
  return new SwappingHost(dir)
}

const line = (options: string) => `/swapfile\tnone\tswap\t${options}\t0\t0`

test('swap makes a file under another name first, uses it, makes it anew for another size, and removes it', async (t) => {
  const host = await machine(t)
  await assertConverges(swap, '/swapfile', { size: '1M' }, host, [
    'size: - → 1048576',
    'used: false → true',
    `fstab: absent → ${line('sw')}`,
  ])
  assert.deepEqual(
    host.commands.filter((command) => !command.startsWith('blkid')),
    [
      'fallocate --length 1048576 -- /swapfile.trivet-new',
      'mkswap -- /swapfile.trivet-new',
      'swapon -- /swapfile',
      'systemctl daemon-reload',
    ],
  )
  assert.equal(host.files.stat('/swapfile')?.mode, 0o600)
  await assertConverges(swap, '/swapfile', { size: '2M', priority: 5 }, host, [
    'size: 1048576 → 2097152',
    'priority: -2 → 5',
    `fstab: ${line('sw')} → ${line('sw,pri=5')}`,
  ])
  assert(host.commands.includes('swapoff -- /swapfile'))
  host.files.setAccess('/swapfile', { mode: 0o644, uid: -1, gid: -1 })
  await assertConverges(swap, '/swapfile', { size: '2M', priority: 5 }, host, ['mode: 644 → 600'])
  await assertConverges(swap, '/swapfile', { ensure: 'absent' }, host, [
    'file: present → absent',
    'used: true → false',
    `fstab: ${line('sw,pri=5')} → absent`,
  ])
})

test('swap uses a file or device again that is only not in use', async (t) => {
  const host = await machine(t)
  layDown(host.dir, { '/etc/fstab': `${line('sw')}\n` })
  await assertConverges(swap, '/swapfile', { size: '1M' }, host, ['size: - → 1048576', 'used: false → true'])
  await host.run(['swapoff', '--', '/swapfile'])
  host.commands = []
  await assertConverges(swap, '/swapfile', { size: '1M' }, host, ['used: false → true'])
  assert.deepEqual(
    host.commands.filter((command) => !command.startsWith('blkid')),
    ['swapon -- /swapfile'],
  )
})

test('swap writes over no file and no file system, and says where none can be', async (t) => {
  const host = await machine(t)
  writeFileSync(join(host.dir, 'letter'), 'precious')
  const apply = async (path: string, props: object, on: FakeHost = host) => {
    const want = swap.props.parse(props)
    await swap.apply(path, want, on, await swap.check(path, want, on))
  }
  await assert.rejects(apply('/letter', { size: '1M' }), /\/letter holds something that is no swap/)
  await assert.rejects(apply('/letter', { ensure: 'absent' }), /\/letter holds something that is no swap/)
  assert.equal(host.files.read('/letter').toString(), 'precious')
  await assert.rejects(apply('/dev/none', {}), /There is no \/dev\/none\. Give swap\[\/dev\/none\] a size/)

  const refusing = new FakeHost({ 'swapon -- /swapfile': { exitCode: 255, stderr: 'swapon failed: Invalid argument' } })
  refusing.files = host.files
  await assert.rejects(apply('/swapfile', { size: '1M' }, refusing), /Invalid argument The file system of a swap file/)
  assert.equal(host.files.read('/etc/fstab').toString(), '')
})

test('swap of a device has no size', () => {
  assert.match(swap.problem?.('/dev/sdb2', swap.props.parse({ size: '1G' }), {}) ?? '', /has a size, which only a file/)
  for (const size of ['0M', '1T', '12', '-1M']) assert(!swap.props.safeParse({ size }).success, size)
})
