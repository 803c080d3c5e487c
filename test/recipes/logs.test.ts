import assert from 'node:assert/strict'
import { test } from 'node:test'
import { matchesGolden } from '../helpers/golden.ts'
import { nodeOf } from '../helpers/sources.ts'
import { catalogOfNode, compileNode } from './ours.ts'

const nodes = [nodeOf('n1', ['log-server']), nodeOf('n2', ['log-client']), nodeOf('n3', ['log-client'])]
const of = (name: string, attributes: Record<string, unknown> = {}) => catalogOfNode(name, { nodes, attributes })
const server = 'file[/etc/rsyslog.d/20-trivet-server.conf]'
const client = 'file[/etc/rsyslog.d/30-trivet-client.conf]'

for (const [kind, name] of [
  ['server', 'n1'],
  ['client', 'n2'],
] as const) {
  test(`a log ${kind} is as agreed`, () => matchesGolden(`test/golden/log-${kind}.json`, of(name).readable()))
}

test('the server listens to nodes of the cluster and throws away what others send', () => {
  assert.match(of('n1').text(server), /if not \(\$fromhost-ip == \["10\.0\.0\.2", "10\.0\.0\.3"\]\) then stop$/m)
})

test('each host has a file of its own, whatever it calls itself', () => {
  assert.match(of('n1').text(server), /"\/var\/log\/cluster\/%HOSTNAME:::secpath-replace%\.log"/)
})

test('what is sent is acknowledged, and kept on the disk until then', () => {
  const text = of('n2').text(client)
  assert.match(text, /type="omrelp" target="10\.0\.0\.1" port="2514"/)
  for (const setting of ['action.resumeRetryCount="-1"', 'queue.filename="trivet-n1"', 'queue.saveOnShutdown="on"'])
    assert(text.includes(setting), setting)
})

test('a server writes its own and sends nothing to itself, but to the other server', () => {
  assert.equal(of('n1').get(client).props.ensure, 'absent')
  assert.match(of('n1').text(server), /file="\/var\/log\/cluster\/n1\.log"/)
  const two = [...nodes, nodeOf('n4', ['log-server'])]
  assert.match(catalogOfNode('n1', { nodes: two }).text(client), /target="10\.0\.0\.4"/)
})

test('rsyslog is configured before its package starts it', () => {
  of('n1').assertOrder(server, 'pkg[rsyslog]', 'service[rsyslog]', 'probe[log-server]')
})

test('without a server a client is pending', () => {
  const compiled = compileNode('n2', { nodes: [nodeOf('n2', ['log-client'])] })
  assert.match(String(compiled.status === 'pending' && compiled.reason), /needs 1 node with role log-server/)
})
