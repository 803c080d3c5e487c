import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { hostname } from '../../resources/hostname.ts'
import { assertConverges, FakeHost, tempDir } from '../helpers/converges.ts'
import { layDown, rootedFiles } from '../helpers/rooted-files.ts'

const live = '/proc/sys/kernel/hostname'

test('hostname sets the live name and the one at boot, each where it differs', async (t) => {
  const root = await tempDir(t)
  layDown(root, { [live]: 'old\n', '/etc/hostname': '# of the installer\nold\n' })
  const host = new FakeHost({
    'hostname web-1.example.net': () => {
      writeFileSync(join(root, live), 'web-1.example.net\n')
      return {}
    },
  })
  host.files = rootedFiles(root)
  await assertConverges(hostname, 'web-1.example.net', {}, host, [
    'live: old → web-1.example.net',
    'at boot: old → web-1.example.net',
  ])
  assert.equal(host.files.read('/etc/hostname').toString(), 'web-1.example.net\n')
  layDown(root, { '/etc/hostname': '' })
  await assertConverges(hostname, 'web-1.example.net', {}, host, ['at boot: - → web-1.example.net'])
  assert.equal(host.commands.length, 1)
})

test('hostname takes names of machines only', () => {
  for (const name of ['n1', 'n1.example.net', '0-a']) assert(hostname.name.safeParse(name).success, name)
  for (const name of ['N1', '-n', 'n-', 'a..b', 'a_b', 'a b', `${'a'.repeat(60)}.abcd`])
    assert(!hostname.name.safeParse(name).success, name)
})
