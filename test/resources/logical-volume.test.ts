import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { logicalVolume } from '../../resources/logical-volume.ts'
import { assertConverges, FakeHost, tempDir } from '../helpers/converges.ts'
import { layDown, rootedFiles } from '../helpers/rooted-files.ts'

/** A machine with LVM, which has what its commands made. */
class LvmHost extends FakeHost {
  /** Group by device: '' in none. */
  physical = new Map<string, string>()
  free = new Map<string, number>()
  volumes: string[] = []
  signature = ''

  override async run(argv: string[], options = {}) {
    const result = await super.run(argv, options)
    const [program = '', first = '', ...rest] = argv
    if (program === 'blkid') return { ...result, stdout: this.signature, exitCode: this.signature === '' ? 2 : 0 }
    if (program === 'pvs') return { ...result, stdout: lines([...this.physical]) }
    if (program === 'vgs') return { ...result, stdout: lines([...this.free]) }
    if (program === 'lvs') return { ...result, stdout: lines(this.volumes.map((name) => name.split('/'))) }
    if (program === 'pvcreate') this.physical.set(first, '')
    if (program.startsWith('vg')) {
      for (const device of rest) this.physical.set(device, first)
      this.free.set(first, (this.free.get(first) ?? 0) + 100 * rest.length)
    }
    if (program === 'lvcreate') this.volumes.push(`${argv.at(-1)}/${argv.at(-2)}`)
    if (program === 'lvcreate' || program === 'lvextend') this.free.set('vg0', 0)
    return result
  }
}

const lines = (rows: (string | number)[][]) => rows.map((row) => `  ${row.join(':')}\n`).join('')

async function machine(t: TestContext) {
  const dir = await tempDir(t)
  layDown(dir, {
    '/usr/sbin/pvs': '',
    '/usr/sbin/vgs': '',
    '/usr/sbin/lvs': '',
    '/dev/sdb': '',
    '/dev/sdc': '',
  })
  const host = new LvmHost()
  host.files = rootedFiles(dir)
  return host
}

test('logical_volume makes group and volume, and grows with a further device', async (t) => {
  const host = await machine(t)
  await assertConverges(logicalVolume, 'vg0/data', { devices: ['/dev/sdb'] }, host, [
    '/dev/sdb: - → vg0',
    'volume: - → present',
  ])
  await assertConverges(logicalVolume, 'vg0/data', { devices: ['/dev/sdb', '/dev/sdc'] }, host, ['/dev/sdc: - → vg0'])
  assert.deepEqual(
    host.commands.filter((command) => !/^(pvs|vgs|lvs|blkid)/.test(command)),
    [
      'pvcreate /dev/sdb',
      'vgcreate vg0 /dev/sdb',
      'lvcreate --yes --extents 100%FREE --name data vg0',
      'pvcreate /dev/sdc',
      'vgextend vg0 /dev/sdc',
      'lvextend --extents +100%FREE vg0/data',
    ],
  )
})

test('logical_volume takes the room that a group has, however it came', async (t) => {
  const host = await machine(t)
  host.physical.set('/dev/sdb', 'vg0')
  host.free.set('vg0', 25)
  host.volumes.push('vg0/data')
  await assertConverges(logicalVolume, 'vg0/data', { devices: ['/dev/sdb'] }, host, ['free: 25 → 0'])
})

test('logical_volume goes on where a run ended that had made the device ready', async (t) => {
  const host = await machine(t)
  host.physical.set('/dev/sdb', '')
  host.signature = 'TYPE=LVM2_member\n'
  await assertConverges(logicalVolume, 'vg0/data', { devices: ['/dev/sdb'] }, host, [
    '/dev/sdb:  → vg0',
    'volume: - → present',
  ])
})

test('logical_volume leaves a device alone that has something on it, or is of another group', async (t) => {
  const host = await machine(t)
  const want = logicalVolume.props.parse({ devices: ['/dev/sdb'] })
  host.signature = 'TYPE=ext4\n'
  await assert.rejects(
    async () => logicalVolume.apply('vg0/data', want, host, []),
    /\/dev\/sdb has ext4 on it, and nothing was changed/,
  )
  host.physical.set('/dev/sdb', 'other')
  await assert.rejects(
    async () => logicalVolume.apply('vg0/data', want, host, []),
    /is in the group other of LVM, and nothing was changed/,
  )
})
