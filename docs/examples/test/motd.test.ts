import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { assertConverges, FakeHost, tempDir } from 'trivet/testing'
import motd from '../types/motd.ts'

test('a notice is written, changed and taken away', async (t) => {
  const path = join(await tempDir(t), 'motd.d/backups')
  const host = new FakeHost()

  await assertConverges(motd, path, { text: 'Backups run at two.' }, host, [
    'ensure: absent → present',
    'text: - → as wanted',
  ])
  assert.equal(readFileSync(path, 'utf8'), 'Backups run at two.\n')

  await assertConverges(motd, path, { text: 'Backups run at two.', contact: 'Ada' }, host, [
    'text: another → as wanted',
  ])
  assert.equal(readFileSync(path, 'utf8'), 'Backups run at two.\nAsk: Ada\n')

  await assertConverges(motd, path, { ensure: 'absent' }, host, ['ensure: present → absent'])
})
