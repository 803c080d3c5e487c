import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { sha256 } from '../../protocol/catalog.ts'
import { kernelModule } from '../../resources/kernel-module.ts'
import { assertConverges, FakeHost, tempDir } from '../helpers/converges.ts'
import { layDown, rootedFiles } from '../helpers/rooted-files.ts'

const release = { '/proc/sys/kernel/osrelease': '6.12.1\n' }
const present = kernelModule.props.parse({})

const problem = (props: object) => kernelModule.problem?.('x', kernelModule.props.parse(props), {})

async function machine(t: TestContext, files: Record<string, string> = {}, answers: Record<string, object> = {}) {
  const root = await tempDir(t)
  layDown(root, {
    ...release,
    '/proc/modules': 'bridge 389120 0 - Live 0x0\n',
    '/etc/modprobe.d/a': '',
    '/etc/modules-load.d/a': '',
    ...files,
  })
  const host = new FakeHost({
    'modprobe -- dummy': () => {
      layDown(root, { '/proc/modules': 'dummy 16384 0 - Live 0x0\n' })
      return {}
    },
    'modprobe --remove -- dummy': () => {
      layDown(root, { '/proc/modules': '' })
      return {}
    },
    ...answers,
  })
  host.files = rootedFiles(root)
  return host
}

test('kernel_module loads with parameters, at boot too, and unloads and keeps out', async (t) => {
  const host = await machine(t)
  const options = sha256('options dummy numdummies=2 fast=Y\n')
  await assertConverges(kernelModule, 'dummy', { parameters: { numdummies: 2, fast: true } }, host, [
    `options: - → ${options}`,
    `at boot: - → ${sha256('dummy\n')}`,
    'loaded: false → true',
  ])
  assert.equal(host.files.read('/etc/modules-load.d/trivet-dummy.conf').toString(), 'dummy\n')
  await assertConverges(kernelModule, 'dummy', { ensure: 'absent', blacklist: true }, host, [
    `options: ${options} → ${sha256('blacklist dummy\ninstall dummy /bin/false\n')}`,
    'at boot: file → absent',
    'loaded: true → false',
  ])
  await assertConverges(kernelModule, 'dummy', { ensure: 'absent' }, host, ['options: file → absent'])
})

test('kernel_module takes what is built in for loaded, wherever that is told', async (t) => {
  const host = await machine(t, {
    '/sys/module/overlay/parameters/x': '',
    '/lib/modules/6.12.1/modules.builtin': 'kernel/net/bridge/br-netfilter.ko\n',
  })
  for (const name of ['overlay', 'br_netfilter', 'bridge']) {
    const changes = await kernelModule.check(name, present, host)
    assert.deepEqual(
      changes.map(({ what }) => what),
      ['at boot'],
      name,
    )
  }
  const absent = await machine(t, {}, {})
  absent.files.remove('/proc/modules')
  assert.equal((await kernelModule.check('overlay', present, absent)).at(-1)?.what, 'loaded')
})

test('kernel_module says what to do where it cannot be loaded, and leaves no line for the next boot', async (t) => {
  const fatal = { exitCode: 1, stderr: 'modprobe: FATAL: Module dummy not found' }
  const host = await machine(t, {}, { 'modprobe -- dummy': fatal, 'modprobe --remove -- bridge': fatal })
  const apply = async (name: string, want: typeof present) =>
    kernelModule.apply(name, want, host, await kernelModule.check(name, want, host))
  await assert.rejects(apply('dummy', present), /FATAL.*in a container, load it on the host/)
  assert.equal(host.files.stat('/etc/modules-load.d/trivet-dummy.conf'), undefined)
  await assert.rejects(apply('bridge', { ...present, ensure: 'absent' }), /lsmod names it/)
})

test('kernel_module has one name for each module, and no contradictions', () => {
  assert(!kernelModule.name.safeParse('br-netfilter').success)
  assert.match(problem({ blacklist: true }) ?? '', /both loaded and on the blacklist/)
  assert.match(problem({ ensure: 'absent', parameters: { a: 1 } }) ?? '', /parameters have no meaning/)
  assert.equal(problem({ ensure: 'absent', blacklist: true }), undefined)
  assert(!kernelModule.props.safeParse({ parameters: { a: 'x\ninstall y /bin/sh' } }).success)
})
