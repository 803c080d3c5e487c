import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nodeOf } from '../helpers/sources.ts'
import { catalogOfNode } from './ours.ts'

const of = (attributes: Record<string, unknown>) =>
  catalogOfNode('n1', { nodes: [nodeOf('n1', ['data-disk'])], attributes })

test('without attributes no device is touched', () => {
  assert.deepEqual(of({}).ids, [])
})

test('a disk gets a file system, then its place; a machine boots without it too', () => {
  const catalog = of({ 'data-disk.disk': { device: '/dev/sdb', path: '/srv/data', type: 'xfs' } })
  assert.deepEqual(catalog.ids, ['pkg[xfsprogs]', 'file_system[/dev/sdb]', 'directory[/srv/data]', 'mount[/srv/data]'])
  const { device, fstype, options } = catalog.get('mount[/srv/data]').props
  assert.deepEqual({ device, fstype, options }, { device: '/dev/sdb', fstype: 'xfs', options: ['defaults', 'nofail'] })
})

test('a logical volume grows by a disk, and the file system on it; what is mounted already stays as it is', () => {
  const catalog = of({ 'data-disk.lvm': { devices: ['/dev/sdb'], group: 'ubuntu-vg', volume: 'root' } })
  assert.deepEqual(catalog.ids, [
    'pkg[e2fsprogs]',
    'pkg[lvm2]',
    'logical_volume[ubuntu-vg/root]',
    'file_system[/dev/ubuntu-vg/root]',
  ])
})

test('a partition grows into the room that its disk has, and its file system with it', () => {
  const catalog = of({ 'data-disk.partition': { disk: '/dev/sda', number: 1, device: '/dev/sda1' } })
  catalog.assertOrder('pkg[cloud-guest-utils]', 'exec[grow partition 1 of /dev/sda]', 'file_system[/dev/sda1]')
  assert.deepEqual(catalog.get('exec[grow partition 1 of /dev/sda]').onlyIf, ['growpart', '--dry-run', '/dev/sda', '1'])
})
