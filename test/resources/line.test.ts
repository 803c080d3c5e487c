import assert from 'node:assert/strict'
import { test } from 'node:test'
import { line } from '../../resources/line.ts'
import { edited } from '../helpers/edits.ts'

test('line is added at the end of the file, and made with it', async (t) => {
  assert.equal(await edited(t, line, null, 'x', { line: 'loop' }), 'loop\n')
  assert.equal(await edited(t, line, '', 'x', { line: 'loop' }), 'loop\n')
  assert.equal(await edited(t, line, 'a\nb\n', 'x', { line: 'loop' }), 'a\nb\nloop\n')
  assert.equal(await edited(t, line, 'a\nb', 'x', { line: 'loop' }), 'a\nb\nloop\n')
})

test('line that is there already stays where and as it is, also without a line break', async (t) => {
  assert.equal(await edited(t, line, 'loop\nb\n', 'x', { line: 'loop', after: 'b' }), 'loop\nb\n')
  assert.equal(await edited(t, line, 'b\nloop', 'x', { line: 'loop' }), 'b\nloop')
})

test('line takes the place of the one line that matches', async (t) => {
  const props = { line: 'UMASK 027', match: '^UMASK\\s' }
  assert.equal(await edited(t, line, '# UMASK says\nUMASK 022\nz\n', 'x', props), '# UMASK says\nUMASK 027\nz\n')
  assert.equal(await edited(t, line, 'UMASK 022\nUMASK 027\n', 'x', props), 'UMASK 027\n')
  assert.equal(await edited(t, line, 'UMASK 022', 'x', props), 'UMASK 027\n')
  assert.equal(await edited(t, line, 'a\n', 'x', props), 'a\nUMASK 027\n')
  await assert.rejects(
    edited(t, line, 'UMASK 1\na\nUMASK 2\n', 'x', props),
    /file: `match` \^UMASK\\s matches several lines \(1, 3\)\. Make it narrower/,
  )
})

test('line goes after the last or before the first line that is named, and not just anywhere', async (t) => {
  const text = 'a\nb\na\nc\n'
  assert.equal(await edited(t, line, text, 'x', { line: 'x', after: '^a$' }), 'a\nb\na\nx\nc\n')
  assert.equal(await edited(t, line, text, 'x', { line: 'x', before: '^a$' }), 'x\na\nb\na\nc\n')
  await assert.rejects(edited(t, line, text, 'x', { line: 'x', after: '^d$' }), /no line matches \^d\$/)
})

test('line that is absent is removed wherever it stands, with all that match', async (t) => {
  assert.equal(await edited(t, line, 'x\na\nx\n', 'x', { ensure: 'absent', line: 'x' }), 'a\n')
  assert.equal(await edited(t, line, 'x 1\na\nx 2', 'x', { ensure: 'absent', line: 'x', match: '^x' }), 'a\n')
  assert.equal(await edited(t, line, 'x\n', 'x', { ensure: 'absent', line: 'x' }), '')
  assert.equal(await edited(t, line, null, 'x', { ensure: 'absent', line: 'x' }), null)
})

test('line takes one line, patterns that are some, and names that say which file', () => {
  assert.equal(line.props.safeParse({ line: 'a\nb' }).success, false)
  assert.match(line.props.safeParse({ line: 'a', match: '(' }).error?.issues[0]?.message ?? '', /Unterminated group/)
  assert.match(line.problem?.('/a#b', line.props.parse({ line: 'a', after: 'x', before: 'y' }), {}) ?? '', /both/)
  for (const name of [
    '/etc/modules',
    'etc/modules#x',
    '/etc/modules#',
    '/etc/modules#a\nb',
    '/etc/../x#a',
    '#a',
    '/etc/a#-x',
  ])
    assert.equal(line.name.safeParse(name).success, false, name)
})
