import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ini } from '../../resources/ini.ts'
import { edited } from '../helpers/edits.ts'

const journald = `# journald.conf
[Journal]
#Storage=auto
SystemMaxUse=100M
Seal=yes

# kept
[Other]
Seal=no
`

test('ini changes one key in its section, as the line is written', async (t) => {
  const at = (what: string, value: string | number | boolean) => edited(t, ini, journald, what, { value })
  assert.equal(await at('Journal/SystemMaxUse', '200M'), journald.replace('100M', '200M'))
  assert.equal(await at('Other/Seal', 'yes'), journald.replace('Seal=no', 'Seal=yes'))
  assert.equal(await at('Journal/Seal', 'yes'), journald)
  const spaced = '[remote "origin"]\n\turl   =  a \n\tfetch = b'
  assert.equal(await edited(t, ini, spaced, 'remote "origin"/url', { value: 'c' }), spaced.replace('a ', 'c'))
  assert.equal(await edited(t, ini, 'a = 1\n', '/a', { value: '' }), 'a =\n')
  assert.equal(await edited(t, ini, '[x]\na: 1\n', 'x/a', { value: 2 }), '[x]\na: 2\n')
})

test('ini adds a key behind the others of its section, as they are written', async (t) => {
  const withKey = journald.replace('Seal=yes\n', 'Seal=yes\nCompress=true\n')
  assert.equal(await edited(t, ini, journald, 'Journal/Compress', { value: true }), withKey)
  assert.equal(await edited(t, ini, '[a]\n\tx = 1\n[b]\n', 'a/y', { value: 2 }), '[a]\n\tx = 1\n\ty = 2\n[b]\n')
  assert.equal(await edited(t, ini, '[a]\n[b]\nx:1\n', 'a/y', { value: 2 }), '[a]\ny:2\n[b]\nx:1\n')
  assert.equal(await edited(t, ini, '[a]\nx=1\n', 'a/y', { value: 2, separator: ': ' }), '[a]\nx=1\ny: 2\n')
})

test('ini adds a section, or a key before all sections', async (t) => {
  assert.equal(await edited(t, ini, null, 'a/x', { value: 1 }), '[a]\nx = 1\n')
  assert.equal(await edited(t, ini, '[a]\nx=1', 'b/y', { value: 2 }), '[a]\nx=1\n\n[b]\ny=2\n')
  assert.equal(
    await edited(t, ini, '# top\n\n# of a\n[a]\nx=1\n', '/y', { value: 2 }),
    '# top\n\ny=2\n# of a\n[a]\nx=1\n',
  )
  assert.equal(await edited(t, ini, '# only\n', '/y', { value: 2 }), '# only\ny = 2\n')
  assert.equal(await edited(t, ini, 'x=1\n[a]\n', '/y', { value: 2 }), 'x=1\ny=2\n[a]\n')
})

test('ini finds a key of a section that is written in two places', async (t) => {
  const text = '[a]\nx=1\n[b]\nx=2\n[a]\ny=3\n'
  assert.equal(await edited(t, ini, text, 'a/y', { value: 4 }), text.replace('y=3', 'y=4'))
  assert.equal(await edited(t, ini, text, 'a/z', { value: 4 }), text.replace('y=3', 'y=3\nz=4'))
})

test('ini removes a key, however often it is there', async (t) => {
  const text = '[a]\nx=1\ny=2\nx=3\n[b]\nx=1\n'
  assert.equal(await edited(t, ini, text, 'a/x', { ensure: 'absent' }), '[a]\ny=2\n[b]\nx=1\n')
  assert.equal(await edited(t, ini, text, 'c/x', { ensure: 'absent' }), text)
})

test('ini refuses what it does not understand', async (t) => {
  const set = (text: string) => edited(t, ini, text, 'a/x', { value: 9 })
  await assert.rejects(set('[a]\nx=1\nx=2\n'), /x is there 2 times in section 'a'\. Leave one of them/)
  await assert.rejects(set('[a]\nx=1\n  2\n'), /the value of x goes over several lines/)
  await assert.rejects(set('[a]\nx=1 \\\n2\n'), /the value of x goes over several lines/)
  await assert.rejects(edited(t, ini, '[a]\nx=1\n  2\n', 'a/x', { ensure: 'absent' }), /goes over several lines/)
})

test('ini takes names that say section and key, and values of one line', () => {
  for (const name of [
    '/a.ini#x',
    '/a.ini#s/',
    '/a.ini#s/a=b',
    '/a.ini#s/a:b',
    '/a.ini#[s]/a',
    '/a.ini#s/#a',
    '/a.ini#s/a ',
  ])
    assert.equal(ini.name.safeParse(name).success, false, name)
  for (const name of ['/a.ini#/x', '/a.ini#a/b/c', '/a.ini#s/a.b c'])
    assert.equal(ini.name.safeParse(name).success, true, name)
  for (const value of ['a\nb', ' a', 'a ']) assert.equal(ini.props.safeParse({ value }).success, false, value)
})
