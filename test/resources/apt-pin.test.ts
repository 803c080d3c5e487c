import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { aptPin } from '../../resources/apt-pin.ts'
import { assertConverges, FakeHost, shown, tempDir } from '../helpers/converges.ts'
import { layDown, rootedFiles } from '../helpers/rooted-files.ts'

const props = { packages: ['haproxy', 'src:linux'], pin: 'release n=trixie-backports', priority: -1 }

test('apt_pin writes a file that apt reads, changes it and removes it', async (t) => {
  const root = await tempDir(t)
  const host = new FakeHost()
  host.files = rootedFiles(root)
  layDown(root, { '/etc/apt/preferences.d/other': '' })
  const want = aptPin.props.parse(props)
  const [change] = await aptPin.check('news', want, host)
  assert.match(change?.diff ?? '', /\+Pin-Priority: -1/)
  await aptPin.apply('news', want, host, [])
  const path = join(root, '/etc/apt/preferences.d/news.pref')
  const text = 'Package: haproxy src:linux\nPin: release n=trixie-backports\nPin-Priority: -1\n'
  assert.equal(readFileSync(path, 'utf8'), text)
  const again = aptPin.props.parse({ ...props, explanation: 'only by hand' })
  await aptPin.apply('news', again, host, await aptPin.check('news', again, host))
  assert.equal(readFileSync(path, 'utf8'), `Explanation: only by hand\n${text}`)
  await assertConverges(aptPin, 'news', { ensure: 'absent' }, host, ['content: file → absent'])
  assert.deepEqual(shown(await aptPin.check('news', aptPin.props.parse({ ensure: 'absent' }), host)), [])
})

function takes(given: object) {
  return aptPin.props.safeParse({ ...props, ...given }).success
}

test('apt_pin refuses what would keep apt from reading any preference', () => {
  assert.equal(takes({}), true)
  for (const given of [
    { priority: 0 },
    { pin: 'n=trixie' },
    { pin: 'release a\nPin: b' },
    { packages: ['a, b'] },
    { explanation: '\n' },
  ])
    assert.equal(takes(given), false, JSON.stringify(given))
  assert.match(
    aptPin.problem?.('x', aptPin.props.parse({ packages: ['a'] }), {}) ?? '',
    /needs packages, pin and priority/,
  )
})
