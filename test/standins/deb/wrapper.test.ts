import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { run } from '../../../lab/run.ts'
import { tempDir } from '../../helpers/converges.ts'

/** The flags that the wrapper gives to the daemon, by these files of /etc. */
async function flagsBy(t: TestContext, role: 'master' | 'slave', files: Record<string, string>) {
  const dir = await tempDir(t)
  const write = (path: string, text: string, mode = 0o644) => {
    mkdirSync(dirname(join(dir, path)), { recursive: true })
    writeFileSync(join(dir, path), text, { mode })
  }
  write(`etc/mesos-${role}/?no-logger`, '')
  for (const [path, text] of Object.entries(files)) write(`etc/${path}`, text.replaceAll('/etc/', `${dir}/etc/`))
  write(`usr/sbin/mesos-${role}`, '#!/bin/sh\nfor one in "$@"; do printf "%s\\n" "$one"; done\n', 0o755)
  const wrapper = readFileSync(join(import.meta.dirname, 'mesos-init-wrapper'), 'utf8')
  write('wrapper', wrapper.replaceAll('/etc/', `${dir}/etc/`).replaceAll('/usr/sbin/', `${dir}/usr/sbin/`), 0o755)
  const { stdout, stderr, exitCode } = await run([join(dir, 'wrapper'), role])
  assert.equal(exitCode, 0, stderr)
  return stdout.trim().split('\n')
}

test('the variables of a master and each file of its directory become flags', async (t) => {
  const flags = await flagsBy(t, 'master', {
    'default/mesos': 'LOGS=/var/log/mesos\nIP=10.0.0.1\n',
    'default/mesos-master': 'PORT=5050\nZK=`cat /etc/mesos/zk`\nCLUSTER="my fox"\n',
    'mesos/zk': 'zk://a:2181,b:2181/mesos\n',
    'mesos-master/quorum': '2\n\n',
    'mesos-master/hostname': 'one two',
    'mesos-master/?quiet': '',
    'mesos-master/?no-hostname_lookup': '',
    'mesos-master/.hidden': 'no flag',
    'mesos-master/attributes/rack': 'no flag of a master',
  })
  assert.deepEqual(flags, [
    '--ip=10.0.0.1',
    '--log_dir=/var/log/mesos',
    '--zk=zk://a:2181,b:2181/mesos',
    '--port=5050',
    '--cluster=my fox',
    '--no-hostname_lookup',
    '--quiet',
    '--hostname=one two',
    '--quorum=2',
  ])
})

test('a slave has attributes and resources in folders', async (t) => {
  const flags = await flagsBy(t, 'slave', {
    'default/mesos-slave': 'MASTER=`cat /etc/mesos/zk`\nISOLATION=posix/cpu\n',
    'mesos/zk': 'zk://a:2181/mesos\n',
    'mesos-slave/work_dir': '/var/lib/mesos\n',
    'mesos-slave/attributes/rack': 'a\n',
    'mesos-slave/attributes/zone': 'b\n',
    'mesos-slave/resources/cpus': '2\n',
  })
  assert.deepEqual(flags, [
    '--master=zk://a:2181/mesos',
    '--isolation=posix/cpu',
    '--work_dir=/var/lib/mesos',
    '--attributes=rack:a;zone:b',
    '--resources=cpus:2',
  ])
})

test('a stray file is a flag too', async (t) => {
  const flags = await flagsBy(t, 'master', { 'mesos-master/quorum~': '2' })
  assert.deepEqual(flags, ['--quorum~=2'])
})
