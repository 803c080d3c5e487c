import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { fileSystem } from '../../resources/file-system.ts'
import { assertConverges, FakeHost, tempDir } from '../helpers/converges.ts'
import { layDown, rootedFiles } from '../helpers/rooted-files.ts'

const mib = 1024 * 1024

/** A machine with one device, which knows what mkfs and its like did to it. */
class DiskHost extends FakeHost {
  signature = ''
  deviceMib = 1000
  fileSystemMib = 1000
  mountedAt = ''

  override async run(argv: string[], options = {}) {
    const result = await super.run(argv, options)
    const [program = ''] = argv
    if (program.startsWith('mkfs.')) this.signature = `TYPE=${program.slice('mkfs.'.length)}\n`
    if (program === 'resize2fs' || program === 'xfs_growfs') this.fileSystemMib = this.deviceMib
    if (program === 'blkid') return { ...result, stdout: this.signature, exitCode: this.signature === '' ? 2 : 0 }
    if (program === 'blockdev') return { ...result, stdout: `${this.deviceMib * mib}\n` }
    const blocks = (this.fileSystemMib * mib) / 4096
    if (program === 'dumpe2fs')
      return { ...result, stdout: `Block count:              ${blocks}\nBlock size:               4096\n` }
    if (program === 'xfs_info')
      return { ...result, stdout: `data     =                       bsize=4096   blocks=${blocks}, imaxpct=25\n` }
    if (program === 'findmnt') return { ...result, stdout: this.mountedAt, exitCode: this.mountedAt === '' ? 1 : 0 }
    return result
  }
}

async function machine(t: TestContext) {
  const dir = await tempDir(t)
  layDown(dir, { '/dev/sdb': '' })
  const host = new DiskHost()
  host.files = rootedFiles(dir)
  return host
}

test('file_system is made where the device is blank', async (t) => {
  const host = await machine(t)
  await assertConverges(fileSystem, '/dev/sdb', { type: 'xfs' }, host, ['type: - → xfs'])
  assert(host.commands.includes('mkfs.xfs -q /dev/sdb'))
})

test('file_system leaves a device alone that has anything else on it, a table of partitions too', async (t) => {
  const host = await machine(t)
  for (const signature of ['TYPE=ext4\n', 'PTTYPE=gpt\n', 'TYPE=LVM2_member\n']) {
    host.signature = signature
    const want = fileSystem.props.parse({ type: 'xfs' })
    const changes = await fileSystem.check('/dev/sdb', want, host)
    await assert.rejects(
      async () => fileSystem.apply('/dev/sdb', want, host, changes),
      /nothing was changed\. If nobody needs that, make it blank/,
    )
  }
  assert(!host.commands.some((command) => command.startsWith('mkfs')))
})

test('file_system grows with its device: ext4 mounted or not, xfs while mounted', async (t) => {
  const host = await machine(t)
  for (const [type, mountedAt, command] of [
    ['ext4', '', 'e2fsck -f -p /dev/sdb'],
    ['ext4', '/srv', 'resize2fs /dev/sdb'],
    ['xfs', '/srv', 'xfs_growfs /srv'],
  ] as const) {
    Object.assign(host, { signature: `TYPE=${type}\n`, mountedAt, deviceMib: 2000, fileSystemMib: 1000, commands: [] })
    await assertConverges(fileSystem, '/dev/sdb', { type }, host, [`bytes: ${1000 * mib} → ${2000 * mib}`])
    assert(host.commands.includes(command), command)
  }
})

test('file_system does not mind what a last small group leaves, and need not grow', async (t) => {
  const host = await machine(t)
  Object.assign(host, { signature: 'TYPE=ext4\n', fileSystemMib: 990 })
  assert.deepEqual(await fileSystem.check('/dev/sdb', fileSystem.props.parse({ type: 'ext4' }), host), [])
  host.fileSystemMib = 10
  assert.deepEqual(await fileSystem.check('/dev/sdb', fileSystem.props.parse({ type: 'ext4', grow: false }), host), [])
})

test('file_system says so where there is no such device', async (t) => {
  const host = await machine(t)
  const want = fileSystem.props.parse({ type: 'ext4' })
  const changes = await fileSystem.check('/dev/sdz', want, host)
  await assert.rejects(
    async () => fileSystem.apply('/dev/sdz', want, host, changes),
    /There is no \/dev\/sdz\. Attach it/,
  )
})
