import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { CommandError } from '../../cli/command.ts'
import { checkSize, userData } from '../../launcher/user-data.ts'

const token = `abcdefgh12.${'s'.repeat(43)}.${'c'.repeat(64)}`
const given = { node: 'c-web-1', url: 'https://10.0.0.1:8443', token, installer: 'a'.repeat(64) }
const valueOf = (text: string, key: string) => new RegExp(`^${key}='(.*)'$`, 'm').exec(text)?.[1]

test('user data has what it was given, and is the same for the same', () => {
  const text = userData(given)
  assert.equal(text, userData({ ...given }))
  assert.deepEqual(
    ['node', 'url', 'invitation', 'installer', 'switch', 'patience'].map((key) => valueOf(text, key)),
    ['c-web-1', 'https://10.0.0.1:8443', `${token}@https://10.0.0.1:8443`, 'a'.repeat(64), '', '1800'],
  )
  assert.match(text, /^#!\/bin\/sh\n/)
  assert.doesNotMatch(text, /@\w+@/)
})

test('a baked image needs no installer; a builder turns itself off', () => {
  const text = userData({ ...given, installer: undefined, deadMansMinutes: 40, patienceSeconds: 9 })
  assert.deepEqual(
    ['installer', 'switch', 'patience'].map((key) => valueOf(text, key)),
    ['', '40', '9'],
  )
})

test('an instance that joins by what it is has no secret in its user data', () => {
  const text = userData({ ...given, token: `ec2.${'c'.repeat(64)}` })
  assert.equal(valueOf(text, 'invitation'), `ec2.${'c'.repeat(64)}@https://10.0.0.1:8443`)
  assert.throws(() => userData({ ...given, token: 'ec2.c' }), CommandError)
})

test('its size is far below what EC2 takes, and is checked', () => {
  assert(Buffer.byteLength(userData(given)) < 8000)
  assert.equal(checkSize('n', 'é'.repeat(8192)).length, 8192)
  assert.throws(
    () => checkSize('c-web-1', 'é'.repeat(8193)),
    (error) => error instanceof CommandError && /c-web-1 has 16386 bytes; EC2 takes 16384\. Next: /.test(error.message),
  )
})

test('nothing gets out of its quotes', () => {
  for (const url of ["https://x:1'$(id)'", 'http://10.0.0.1', 'https://a b']) {
    assert.throws(() => userData({ ...given, url }), CommandError, url)
  }
  assert.throws(() => userData({ ...given, node: "a'b" }))
  assert.throws(() => userData({ ...given, token: "a'b" }), CommandError)
})

const shellcheck = spawnSync('shellcheck', ['--version']).error ? 'shellcheck is not on this machine' : false

test('shellcheck finds nothing in it', { skip: shellcheck }, () => {
  for (const text of [userData(given), userData({ ...given, installer: undefined, deadMansMinutes: 5 })]) {
    const { stdout, status } = spawnSync('shellcheck', ['--shell=sh', '-'], { input: text, encoding: 'utf8' })
    assert.equal(status, 0, stdout)
  }
})
