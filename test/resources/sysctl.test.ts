import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { sha256 } from '../../protocol/catalog.ts'
import { sysctl } from '../../resources/sysctl.ts'
import { assertConverges, FakeHost, tempDir } from '../helpers/converges.ts'
import { layDown, rootedFiles } from '../helpers/rooted-files.ts'

const key = 'net.ipv4.ip_local_port_range'
const live = '/proc/sys/net/ipv4/ip_local_port_range'
const drop = `/etc/sysctl.d/99-trivet-${key}.conf`

/** A kernel that takes what tee writes, and parts numbers by tabs. */
async function machine(t: TestContext, files: Record<string, string> = { [live]: '32768\t60999\n' }) {
  const root = await tempDir(t)
  layDown(root, { ...files, '/etc/fstab': '' })
  const host = new FakeHost({
    [`tee -- ${live}`]: ({ input = '' }) => {
      writeFileSync(join(root, live), input.replaceAll(' ', '\t'))
      return {}
    },
  })
  host.files = rootedFiles(root)
  return host
}

test('sysctl sets the live value and keeps it for the next boot, however its numbers are parted', async (t) => {
  const host = await machine(t)
  await assertConverges(sysctl, key, { value: '20000 \t 60999' }, host, [
    'live: 32768 60999 → 20000 60999',
    `at boot: - → ${sha256(`${key} = 20000 60999\n`)}`,
  ])
  assert.equal(host.files.read(drop).toString(), `${key} = 20000 60999\n`)
  await assertConverges(sysctl, key, { ensure: 'absent' }, host, ['at boot: file → absent'])
})

test('sysctl finds a key with a dot in a part, and one name for each key', () => {
  const name = 'net.ipv4.conf.eth0/100.rp_filter'
  assert.equal(sysctl.name.parse(name), name)
  assert.deepEqual(sysctl.paths?.(name, sysctl.props.parse({ value: 1 })), [
    '/etc/sysctl.d/99-trivet-net.ipv4.conf.eth0:100.rp_filter.conf',
  ])
  for (const wrong of ['net/ipv4/ip_forward', 'net.ipv4.//.x', 'net..x', 'vm', '-vm.x', 'vm.x\n'])
    assert.equal(sysctl.name.safeParse(wrong).success, false, wrong)
})

test('sysctl refuses a key that the kernel lacks, or will not have changed, and writes nothing', async (t) => {
  const host = await machine(t, {})
  const want = sysctl.props.parse({ value: 1 })
  const changes = await sysctl.check(key, want, host)
  assert.equal(changes[0]?.from, null)
  await assert.rejects(async () => sysctl.apply(key, want, host, changes), /has no \/proc\/sys.*kernel_module/)

  const readOnly = new FakeHost({ [`tee -- ${live}`]: { exitCode: 1, stderr: 'tee: Read-only file system' } })
  readOnly.files = (await machine(t)).files
  await assert.rejects(async () => sysctl.apply(key, want, readOnly, changes), /is read-only in this node/)

  const invalid = new FakeHost({ [`tee -- ${live}`]: { exitCode: 1, stderr: 'tee: Invalid argument' } })
  invalid.files = readOnly.files
  await assert.rejects(async () => sysctl.apply(key, want, invalid, changes), /did not take 1 for .*Invalid argument/)
  assert.equal(readOnly.files.stat(drop), undefined)
})

test('sysctl has a value exactly when it is present', () => {
  assert.match(sysctl.problem?.(key, sysctl.props.parse({}), {}) ?? '', /needs a value/)
  assert.match(sysctl.problem?.(key, sysctl.props.parse({ ensure: 'absent', value: 1 }), {}) ?? '', /needs a value/)
  assert.equal(sysctl.props.safeParse({ value: '1\nvm.x = 2' }).success, false)
})
