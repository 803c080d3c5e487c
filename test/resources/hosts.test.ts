import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { hosts, hostsIn } from '../../resources/hosts.ts'
import { FakeHost, tempDir } from '../helpers/converges.ts'

async function edited(t: TestContext, before: string, address: string, props: object) {
  const path = join(await tempDir(t), 'hosts')
  writeFileSync(path, before)
  const type = hostsIn(path)
  const want = type.props.parse(props)
  const host = new FakeHost()
  await type.apply(address, want, host, await type.check(address, want, host))
  assert.deepEqual(await type.check(address, want, host), [])
  return readFileSync(path, 'utf8')
}

const names = ['n7.example.org', 'n7']

test('hosts adds an address with its names', async (t) => {
  assert.equal(
    await edited(t, '127.0.0.1 localhost\n', '10.0.0.7', { names }),
    '127.0.0.1 localhost\n10.0.0.7\tn7.example.org n7\n',
  )
})

test('hosts gives an address exactly its names, on one line, and keeps what is said beside', async (t) => {
  const text = '10.0.0.7  old # seven\n10.0.0.70 x\n10.0.0.7 older\n'
  assert.equal(await edited(t, text, '10.0.0.7', { names }), '10.0.0.7\tn7.example.org n7 # seven\n10.0.0.70 x\n')
  const right = '# 10.0.0.7 no\n 10.0.0.7\t\tn7.example.org   n7\n'
  assert.equal(await edited(t, right, '10.0.0.7', { names }), right)
})

test('hosts knows an address however it is written', async (t) => {
  assert.equal(await edited(t, '2001:DB8:0::7 n7\nx\n', '2001:db8::7', { names: ['n7'] }), '2001:DB8:0::7 n7\nx\n')
  assert.equal(await edited(t, '2001:DB8:0::7 n7\nx\n', '2001:db8::7', { ensure: 'absent' }), 'x\n')
})

test('hosts takes addresses as they are usually written, and names of machines', () => {
  for (const name of ['10.0.0', '2001:DB8::7', '::ffff:10.0.0.1', 'n7', 'fe80::1%eth0', '010.0.0.1'])
    assert.equal(hosts.name.safeParse(name).success, false, name)
  for (const name of ['10.0.0.7', '::1', '2001:db8::7']) assert.equal(hosts.name.safeParse(name).success, true, name)
  assert.equal(hosts.props.safeParse({ names: ['a b'] }).success, false)
  assert.match(hosts.problem?.('10.0.0.7', hosts.props.parse({}), {}) ?? '', /needs names/)
  assert.equal(hosts.edits?.('10.0.0.7', hosts.props.parse({ names })), '/etc/hosts')
})
