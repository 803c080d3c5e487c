import assert from 'node:assert/strict'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { timezone } from '../../resources/timezone.ts'
import { assertConverges, FakeHost, tempDir } from '../helpers/converges.ts'
import { layDown, rootedFiles } from '../helpers/rooted-files.ts'

test('timezone links the zone and names it, and knows a relative link for the same', async (t) => {
  const root = await tempDir(t)
  layDown(root, { '/usr/share/zoneinfo/Europe/Lisbon': 'TZif', '/etc/timezone': 'Etc/UTC\n' })
  symlinkSync('../usr/share/zoneinfo/Etc/UTC', join(root, '/etc/localtime'))
  const host = new FakeHost()
  host.files = rootedFiles(root)
  await assertConverges(timezone, 'Europe/Lisbon', {}, host, [
    'localtime: /usr/share/zoneinfo/Etc/UTC → /usr/share/zoneinfo/Europe/Lisbon',
    'timezone: Etc/UTC → Europe/Lisbon',
  ])
  assert.equal(host.files.read('/etc/timezone').toString(), 'Europe/Lisbon\n')
  host.files.link('/etc/localtime', '../usr/share/zoneinfo/Europe/Lisbon')
  assert.deepEqual(await timezone.check('Europe/Lisbon', {}, host), [])
})

test('timezone takes no zone that is not there, though the link were right', async (t) => {
  const root = await tempDir(t)
  layDown(root, { '/usr/share/zoneinfo/Europe/Lisbon': 'TZif', '/etc/timezone': 'Europe/Atlantis\n' })
  symlinkSync('/usr/share/zoneinfo/Europe/Atlantis', join(root, '/etc/localtime'))
  const host = new FakeHost()
  host.files = rootedFiles(root)
  for (const zone of ['Europe/Atlantis', 'Europe']) {
    const changes = await timezone.check(zone, {}, host)
    assert.deepEqual(changes[0], { what: 'zone', from: null, to: zone })
    await assert.rejects(async () => timezone.apply(zone, {}, host, changes), /There is no zone Europe.*pkg\[tzdata\]/)
  }
  for (const name of ['../../etc/passwd', '/etc/passwd', 'Europe/', 'europe/lisbon'])
    assert(!timezone.name.safeParse(name).success, name)
})
