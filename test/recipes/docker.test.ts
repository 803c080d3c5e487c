import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bookworm, factsOf, nodeOf } from '../helpers/sources.ts'
import { catalogOfNode } from './ours.ts'

const docker = (attributes: Record<string, unknown> = {}, os = {}) =>
  catalogOfNode('n1', { nodes: [nodeOf('n1', ['docker'], { facts: factsOf('n1', '10.0.0.1', os) })], attributes })

test('the settings of the daemon are there before the package, which starts it', () => {
  const catalog = docker({ 'docker.daemon': { 'data-root': '/srv/docker' } })
  catalog.assertOrder('file[/etc/docker/daemon.json]', 'pkg[docker.io]', 'service[docker]', 'probe[docker]')
  assert.equal(catalog.text('file[/etc/docker/daemon.json]'), '{\n  "data-root": "/srv/docker"\n}\n')
  catalog.assertNotifies('file[/etc/docker/daemon.json]', 'restart', 'service[docker]')
})

test('the client is a package of its own from Debian 13 on', () => {
  assert(docker().has('pkg[docker-cli]'))
  assert(!docker({}, bookworm).has('pkg[docker-cli]'))
})

test('health is an answer of the daemon, not that there is a program', () => {
  const { command } = docker().get('probe[docker]').props
  assert.deepEqual(command, ['docker', 'version', '--format', '{{.Server.Version}}'])
})

test('who may use it is in its group, once', () => {
  const { argv } = docker({ 'docker.users': ['ubuntu'] }).get('exec[let ubuntu use Docker]').props
  const { unless } = docker({ 'docker.users': ['ubuntu'] }).get('exec[let ubuntu use Docker]')
  assert.deepEqual(argv, ['gpasswd', '--add', 'ubuntu', 'docker'])
  const isMember = new RegExp(unless?.[2] ?? '')
  for (const line of ['docker:x:999:ubuntu', 'docker:x:999:a,ubuntu,b']) assert.match(line, isMember)
  for (const line of ['docker:x:999:', 'docker:x:999:ubuntu2', 'docker:x:999:xubuntu', 'video:x:1:ubuntu'])
    assert.doesNotMatch(line, isMember)
})
