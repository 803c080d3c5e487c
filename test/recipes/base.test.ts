import assert from 'node:assert/strict'
import { test } from 'node:test'
import { factsOf, nodeOf } from '../helpers/sources.ts'
import { catalogOfNode, ours } from './ours.ts'

test('every node of the cluster is in /etc/hosts by its private address, this one first', () => {
  const hosts = catalogOfNode('node-2').text('file[/etc/hosts]')
  assert.deepEqual(
    hosts.split('\n').filter((line) => line.startsWith('10.')),
    ['10.0.0.12\tnode-2', '10.0.0.11\tnode-1', '10.0.0.13\tnode-3'],
  )
  assert.match(hosts, /^127\.0\.0\.1\tlocalhost$/m)
})

test('the name of the node never leads to 127.0.1.1, as Debian has it', () => {
  assert.doesNotMatch(catalogOfNode('node-1').text('file[/etc/hosts]'), /127\.0\.1\.1/)
})

test('what the node calls itself is known beside its name here', () => {
  const nodes = [nodeOf('n1', ['base'], { facts: factsOf('web-1.example.com', '10.0.0.1') })]
  assert.match(catalogOfNode('n1', { nodes }).text('file[/etc/hosts]'), /^10\.0\.0\.1\tn1 web-1\.example\.com web-1$/m)
})

test('the message of the day says who manages the node and as what', () => {
  const motd = catalogOfNode('node-3').text('file[/etc/motd]')
  assert.match(motd, /managed by Trivet/)
  assert.match(motd, /^Roles: base, zookeeper, haproxy\.$/m)
})

test('packages and further hosts are yours to set', () => {
  const attributes = { 'base.packages': ['vim', 'tmux'], 'base.hosts': { '192.0.2.1': ['db', 'db.example.com'] } }
  const catalog = catalogOfNode('node-1', { attributes })
  assert(catalog.has('pkg[vim]') && catalog.has('pkg[tmux]'))
  assert.match(catalog.text('file[/etc/hosts]'), /^192\.0\.2\.1\tdb db\.example\.com$/m)
})

test('every recipe and role says what it is, and every attribute what it is for', () => {
  for (const { name, description, attributes } of ours.recipes.values()) {
    assert.notEqual(description, '', name)
    for (const [key, schema] of Object.entries(attributes.shape)) {
      assert.notEqual(Reflect.get(schema, 'description'), undefined, `${name}.${key}`)
    }
  }
  for (const { name, description } of ours.roles.values()) assert.notEqual(description, '', name)
})
