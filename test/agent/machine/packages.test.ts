import assert from 'node:assert/strict'
import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { packageReader, parseStatus } from '../../../agent/machine/packages.ts'
import { tempDir } from '../../helpers/converges.ts'

const status = `Package: dpkg
Essential: yes
Status: install ok installed
Priority: required
Section: admin
Maintainer: Dpkg Developers <debian-dpkg@lists.debian.org>
Architecture: amd64
Version: 1.22.21
Description: Debian package management system
 Package: not-a-package
 .
 Version: 0

Package: haproxy
Status: hold ok installed
Architecture: amd64
Version: 3.0.11-1+deb13u1
Conffiles:
 /etc/haproxy/haproxy.cfg 5c4a1ec5b8dd9a7b1d0c7f4f3c6c3a4e
Description: fast and reliable load balancing reverse proxy

Package: libc6
Status: install ok installed
Architecture: amd64
Multi-Arch: same
Version: 2.41-12

Package: libc6
Status: install ok installed
Architecture: i386
Multi-Arch: same
Version: 2.41-11

Package: tzdata
Status: install ok half-configured
Architecture: all
Version: 2025b-4
Config-Version: 2025b-3

Package: nginx
Status: deinstall ok config-files
Architecture: amd64
Version: 1.26.3-3

Package: vim
Status: unknown ok not-installed
Architecture: amd64
`

test('the packages that dpkg knows are read with version, state and hold; foreign ones under their architecture', () => {
  assert.deepEqual(
    parseStatus(status),
    new Map([
      ['dpkg', { version: '1.22.21', status: 'installed', hold: false }],
      ['haproxy', { version: '3.0.11-1+deb13u1', status: 'installed', hold: true }],
      ['libc6', { version: '2.41-12', status: 'installed', hold: false }],
      ['libc6:i386', { version: '2.41-11', status: 'installed', hold: false }],
      ['tzdata', { version: '2025b-4', status: 'half-configured', hold: false }],
      ['nginx', { version: '1.26.3-3', status: 'config-files', hold: false }],
      ['vim', { version: '', status: 'not-installed', hold: false }],
    ]),
  )
})

test('the architecture of the machine is that of its dpkg, whatever Node.js was built for', () => {
  const other = parseStatus(status.replaceAll('amd64', 'riscv64'))
  assert.deepEqual([...other.keys()].slice(0, 4), ['dpkg', 'haproxy', 'libc6', 'libc6:i386'])
})

test('a node without dpkg has no packages', async (t) => {
  assert.equal(packageReader(join(await tempDir(t), 'status'))().size, 0)
  assert.equal(parseStatus('').size, 0)
})

test('the status file is read again when dpkg has replaced it, and only then', async (t) => {
  const path = join(await tempDir(t), 'status')
  writeFileSync(path, status)
  const read = packageReader(path)
  const first = read()
  assert.equal(read(), first)
  writeFileSync(`${path}-new`, status.replace('hold ok', 'install ok'))
  renameSync(`${path}-new`, path)
  assert.equal(read().get('haproxy')?.hold, false)
})
