import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { certificate } from '../../resources/certificate.ts'
import { makeAuthority } from '../helpers/authority.ts'
import { assertConverges, FakeHost, shown, tempDir } from '../helpers/converges.ts'

const web = await makeAuthority('web.example')
const other = await makeAuthority('other.example')
const owner = String(process.getuid?.())

/** Props of `web`, with what a test wants otherwise. */
function propsOf(host: FakeHost, otherwise: { cert?: string; chain?: string; key?: string; daysLeft?: number } = {}) {
  const { cert = web.leaf, chain = web.ca, key = web.key, ...rest } = otherwise
  return { cert: host.blob(cert), chain: host.blob(chain), key: host.blob(key), owner, ...rest }
}

async function apply(path: string, props: object, host: FakeHost) {
  const want = certificate.props.parse(props)
  const changes = await certificate.check(path, want, host)
  await certificate.apply(path, want, host, changes)
}

test('certificate lays down certificate and key, the key for one group, and shows nothing of it', async (t) => {
  const dir = await tempDir(t)
  const host = new FakeHost()
  host.groupTable.set('ssl-cert', { gid: process.getgid?.() ?? 0, members: [] })
  const [path, keyPath] = [join(dir, 'web.pem'), join(dir, 'web.key')]
  const props = { ...propsOf(host), keyPath, group: 'ssl-cert' }
  const changes = await certificate.check(path, certificate.props.parse(props), host)
  assert.match(
    shown(changes).join('\n'),
    /^certificate: - → CN=web\.example until \d{4}-\d\d-\d\d, ([0-9A-F]{2}:?){8}… with 1 more\n/,
  )
  assert.match(shown(changes).join('\n'), /\nkey: - → that of [0-9a-f]{16}\n/)
  await apply(path, props, host)
  assert.deepEqual(await certificate.check(path, certificate.props.parse(props), host), [])
  assert.equal(readFileSync(path, 'utf8'), `${web.leaf}\n${web.ca}\n`)
  assert.equal(readFileSync(keyPath, 'utf8'), web.key)
  assert.deepEqual(
    [path, keyPath].map((one) => statSync(one).mode & 0o7777),
    [0o644, 0o640],
  )
  assert.equal(host.kept.size, 0, 'a key was kept')
})

test('certificate puts all into one file when the key has none of its own, closed to all others', async (t) => {
  const path = join(await tempDir(t), 'haproxy.pem')
  const host = new FakeHost()
  await apply(path, propsOf(host), host)
  assert.equal(readFileSync(path, 'utf8'), `${web.leaf}\n${web.ca}\n${web.key}`)
  assert.equal(statSync(path).mode & 0o7777, 0o600)
})

test('certificate tells what it replaces, and no key in what it tells', async (t) => {
  const dir = await tempDir(t)
  const host = new FakeHost()
  const [path, keyPath] = [join(dir, 'web.pem'), join(dir, 'web.key')]
  await apply(path, { ...propsOf(host, { cert: other.leaf, chain: other.ca, key: other.key }), keyPath }, host)
  const want = certificate.props.parse({ ...propsOf(host), keyPath })
  const changes = await certificate.check(path, want, host)
  assert.match(shown(changes)[0] ?? '', /^certificate: CN=other\.example until .* → CN=web\.example until /)
  assert.match(shown(changes)[1] ?? '', /^key: another → that of /)
  const secrets = [web.key, other.key].flatMap((key) => key.split('\n').filter((text) => !text.startsWith('-')))
  for (const secret of secrets.filter(Boolean)) assert(!JSON.stringify(changes).includes(secret))
  await certificate.apply(path, want, host, changes)
  assert.equal(readFileSync(keyPath, 'utf8'), web.key)
  writeFileSync(path, 'no certificate')
  assert.match(shown(await certificate.check(path, want, host))[0] ?? '', /^certificate: something else → CN=web/)
})

test('certificate refuses what does not fit, before anything goes live', async (t) => {
  const path = join(await tempDir(t), 'web.pem')
  const host = new FakeHost()
  const foreign = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  const pem = foreign.export({ type: 'pkcs8', format: 'pem' }).toString()
  const locked = foreign.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }).toString()
  await assert.rejects(
    apply(path, propsOf(host, { key: pem }), host),
    /The key does not belong to the certificate\. What is in/,
  )
  await assert.rejects(apply(path, propsOf(host, { key: locked }), host), /without a passphrase/)
  await assert.rejects(apply(path, propsOf(host, { key: 'nonsense' }), host), /no private key that can be read/)
  await assert.rejects(apply(path, propsOf(host, { cert: 'nonsense', chain: '' }), host), /no certificate in `cert`/)
  const broken = /The chain is broken: CN=web\.example was not issued by CN=Throwaway CA/
  await assert.rejects(apply(path, propsOf(host, { chain: other.ca }), host), broken)
  assert.equal(existsSync(path), false)
})

test('certificate that has expired, or soon will, goes live no more, and fails where it lies', async (t) => {
  const path = join(await tempDir(t), 'web.pem')
  const host = new FakeHost()
  await assert.rejects(
    apply(path, propsOf(host, { daysLeft: 1 }), host),
    /CN=web\.example is valid until .*\. Renew it where/,
  )
  assert.equal(existsSync(path), false)
  await apply(path, propsOf(host), host)
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 7_200_000 })
  const changes = await certificate.check(path, certificate.props.parse(propsOf(host)), host)
  assert.match(shown(changes).join(), /^time: valid until \d{4}-\d\d-\d\d → valid for 0 days more$/)
  await assert.rejects(apply(path, propsOf(host), host), /is valid until/)
  t.mock.timers.setTime(Date.now() - 14_400_000)
  await assert.rejects(apply(path, propsOf(host), host), /is not valid before/)
})

test('certificate mends modes alone, removes both files, and replaces no directory', async (t) => {
  const dir = await tempDir(t)
  const host = new FakeHost()
  const [path, keyPath] = [join(dir, 'web.pem'), join(dir, 'web.key')]
  const props = { ...propsOf(host), keyPath }
  await apply(path, props, host)
  writeFileSync(keyPath, web.key, { mode: 0o644 })
  const { ino } = statSync(keyPath)
  await assertConverges(certificate, path, { ...props, group: owner }, host, ['mode of the key: 0600 → 0640'])
  assert.equal(statSync(keyPath).ino, ino)
  await assertConverges(certificate, path, { ...props, ensure: 'absent' }, host, [
    'certificate: present → absent',
    'key: present → absent',
  ])
  await apply(path, props, host)
  await assertConverges(certificate, path, { keyPath, ensure: 'absent' }, host, [
    'certificate: present → absent',
    'key: present → absent',
  ])
  assert.match(
    certificate.problem?.(path, certificate.props.parse({}), {}) ?? '',
    /needs cert and key when it is present/,
  )
  mkdirSync(path)
  await assert.rejects(apply(path, props, host), /is a directory, which no certificate replaces/)
  assert.match(
    certificate.problem?.('/a', certificate.props.parse({ ...props, keyPath: '/a' }), {}) ?? '',
    /leave `keyPath` out/,
  )
})
