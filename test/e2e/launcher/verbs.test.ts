import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { whyNoLab } from '../../../lab/requirements.ts'
import { clusterFileSchema } from '../../../launcher/cluster-file.ts'
import { launcherPolicy } from '../../../launcher/ec2/policy.ts'
import { tempDir } from '../../helpers/converges.ts'
import { addressOf } from '../../helpers/ec2-orphans.ts'
import { builderConsole } from '../../helpers/ec2-rules.ts'
import { type Ec2Server, startEc2Server } from '../../helpers/ec2-server.ts'
import { type Ended, LauncherProcess } from '../../helpers/launcher-process.ts'
import { serve } from '../../helpers/test-server.ts'

const skip = whyNoLab() ?? false
let moto: Ec2Server
let launcher: LauncherProcess

before(async () => {
  if (!skip) moto = await startEc2Server()
})
after(() => moto?.close())

const text = `cluster: verbs
defaults:
  image: { owner: '099720109477', name: 'ubuntu/images/hvm-ssd/ubuntu-xenial-*' }
  instanceTypes: [t3.small]
  sshUser: ubuntu
groups:
  master:
    count: 1
    roles: [word]
    publicAddress: kept
    isProtected: true
    urls: { Word: 'http://{address}:8080' }
  slave:
    count: 2 # as many as it takes
    roles: [word]
`
const must = async (command: string) => (await launcher.must(command)).stdout
const mustJson = async (command: string): Promise<unknown> => JSON.parse(await must(`${command} --json`))

/** It has to fail in that way, and to have changed nothing. */
async function refused(command: string, exitCode: number, why: RegExp) {
  const ended = await launcher.launch(command)
  assert.deepEqual([ended.exitCode, ended.stdout, ended.changes], [exitCode, '', []], ended.stderr)
  assert.match(ended.stderr, why)
}

/** The first time it does that, and the second time nothing. */
async function once(command: string, changes: string[], said: [RegExp, RegExp] = [/^/, /^/]) {
  const [first, second] = [await launcher.must(command), await launcher.must(command)]
  assert.deepEqual([first.changes, second.changes], [changes.map((action) => `ec2:${action}`), []])
  assert.match(first.stderr, said[0])
  assert.match(second.stderr, said[1])
  return [first, second] satisfies Ended[]
}

test('each verb, as a command against EC2', { skip }, async (t) => {
  const agents = await tempDir(t)
  await writeFile(join(agents, 'SHA256SUMS'), '')
  launcher = await LauncherProcess.open({ cluster: 'verbs', text, moto, served: await serve(t, { agents }) })
  t.after(() => launcher.close())

  await t.test('schema and policy are printed without asking anybody', async () => {
    assert.deepEqual(JSON.parse(await must('schema')), JSON.parse(JSON.stringify(clusterFileSchema())))
    assert.deepEqual(
      JSON.parse(await must('policy --region eu-west-1 --account 123456789012')),
      launcherPolicy({ region: 'eu-west-1', account: '123456789012' }),
    )
    assert.deepEqual(launcher.proxy.calls, [])
    await refused('policy --account 12', 2, /twelve digits/)
  })

  await t.test('plan tells what is to be made, and up makes it once', async () => {
    const made = ['verbs-master-1', 'verbs-slave-1', 'verbs-slave-2'].map((what) => ({
      action: 'create',
      what,
      how: 't3.small, roles word',
    }))
    assert.deepEqual(await mustJson('plan FILE'), { cluster: 'verbs', changes: made })
    const planned = await launcher.launch('plan FILE --detailed-exitcodes')
    assert.deepEqual([planned.exitCode, planned.changes], [2, []])
    await refused('up FILE', 1, /nothing was done: there is no terminal to ask on\. Next: --yes/)
    assert.deepEqual(await mustJson('up FILE --yes'), { cluster: 'verbs', changes: made })
    assert.deepEqual(await mustJson('up FILE --yes'), { cluster: 'verbs', changes: [] })
    const again = await launcher.launch('plan FILE --detailed-exitcodes')
    assert.deepEqual([again.exitCode, again.stderr], [0, 'verbs is as its file says.\n'])
  })

  await t.test('information, inventory and console tell what is there', async () => {
    const lines = (await must('information FILE')).split('\n')
    assert.match(
      lines[1] ?? '',
      /^verbs-master-1 +i-[0-9a-f]{17} running +ready +t3\.small +eu-west-1\w +[\d.]+ [\d.]+/,
    )
    assert.match(lines[4] ?? '', /^Word: http:\/\/[\d.]+:8080$/)
    assert.match(await must('inventory FILE'), /^Host verbs-master-1\n {2}HostName [\d.]+\n {2}User ubuntu\n/)
    assert.match(await must('inventory FILE --format ansible'), /verbs-slave-2:\n +ansible_host: [\d.]+/)
    assert.match(await must('inventory FILE --format hosts'), /^([\d.]+ verbs-(master|slave)-\d\n){3}$/)
    launcher.proxy.rules.console = (id) => `of ${id}\r\n`
    assert.match(await must('console FILE verbs-slave-1'), /^of i-[0-9a-f]{17}\r?\n$/)
    await refused('console FILE verbs-slave-9', 1, /no group and no node verbs-slave-9.* Did you mean verbs-slave-/)
  })

  await t.test('stop, start and reboot do it to those that are chosen', async () => {
    await once('stop FILE slave', ['StopInstances'], [/verbs-slave-1: stands still/, /^$/])
    assert.match(await must('information FILE'), /^verbs-slave-2 +i-\w+ stopped +stopped/m)
    await once('start FILE', ['StartInstances'], [/verbs-slave-2: is ready/, /verbs-slave-2: is ready/])
    const reboots = (await launcher.must('reboot FILE slave')).changes
    assert.deepEqual(reboots, ['ec2:RebootInstances', 'ec2:RebootInstances'])
    await refused('reboot FILE slaves', 1, /Did you mean slave\?/)
  })

  await t.test('scale by one more that was cut off makes no second one more', async () => {
    const cut = await launcher.launch('scale FILE slave +1 --yes', { at: 1, when: 'before' })
    assert.deepEqual([cut.exitCode, cut.changes], [null, ['ec2:RunInstances']])
    await refused(
      'scale FILE slave +1 --yes',
      1,
      /asks for verbs-slave-3 already, which is not made yet\. Next: trivet/,
    )
    await once(
      'up FILE --yes',
      ['RunInstances', 'ModifyInstanceAttribute'],
      [/verbs is up/, /verbs is as its file says/],
    )
    assert.equal(readFileSync(launcher.file, 'utf8'), text.replace('count: 2', 'count: 3'))
    await once('scale FILE slave 2 --yes', ['TerminateInstances'])
    assert.equal(readFileSync(launcher.file, 'utf8'), text)
  })

  await t.test('gc asks, and removes what serves nothing', async () => {
    const nothing = /There is nothing of the kind/
    await once('gc FILE --yes', [], [nothing, nothing])
    await addressOf(launcher.ec2, 'verbs', 'verbs-slave-7')
    await refused('gc FILE', 1, /- address .*: its node has no machine\n.*nothing was removed\. Next: --yes/s)
    await once('gc FILE --yes', ['ReleaseAddress'], [/That is gone/, nothing])
  })

  await t.test('bake gives an image that groups can use, and keeps as many as it is told', async () => {
    launcher.proxy.rules.console = builderConsole
    const first = await must('bake FILE slave')
    assert.match(first, /^ami-[0-9a-f]+\n$/)
    const { image } = Object(await mustJson('bake FILE slave --keep 1'))
    const { images, machines } = await launcher.picture()
    assert.deepEqual([images, machines.length], [['c-slave'], 3])
    writeFileSync(
      launcher.file,
      text.replace('slave:\n', "slave:\n    image: { owner: self, name: 'verbs-slave-*' }\n"),
    )
    await must('scale FILE slave 3 --yes')
    const { nodes } = Object(await mustJson('information FILE'))
    assert.deepEqual(nodes.filter((one: { image: string }) => one.image === image).length, 1)
    await refused('bake FILE slaves', 1, /has no group slaves\. It has: master, slave/)
  })

  await t.test('destroy names what is protected, and ends all but the image', async () => {
    await refused('destroy FILE', 1, /nothing was destroyed\. Next: --yes/)
    await refused('destroy FILE --yes', 1, /protected against being terminated: verbs-master-1 .*Next: --force/s)
    assert.match(
      (await launcher.must('destroy FILE --force --yes')).stderr,
      /keep image verbs-slave-\d+ .*That is gone/s,
    )
    const { images, snapshots: _ofImage, ...rest } = await launcher.picture()
    assert.deepEqual([images, Object.values(rest).flat()], [['c-slave'], []])
    const again = await launcher.must('destroy FILE --force --yes')
    assert.deepEqual(again.changes, [])
    assert.match(again.stderr, /There is nothing of it/)
  })
})
