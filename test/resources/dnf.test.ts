import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ForeseenHost } from '../../agent/machine/foreseen.ts'
import type { CommandResult } from '../../resources/host.ts'
import { Unforeseeable } from '../../resources/host.ts'
import { dnf } from '../../resources/dnf.ts'
import { foreseeRpms } from '../../resources/packages/dnf-foreseen.ts'
import { assertConverges, FakeHost, shown, tempDir } from '../helpers/converges.ts'
import { layDown, rootedFiles } from '../helpers/rooted-files.ts'

const query = 'rpm --query --all --queryformat %{NAME} %|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE}\\n'
const files = 'rpm --query --all --queryformat [%{=NAME}\t%{FILENAMES}\n]'

const noSuchFile = Object.assign(new Error('spawn ENOENT'), { code: 'ENOENT' })
const notThere = new Error('it cannot be started', { cause: noSuchFile })

/** What dnf does to the table of RPMs; those that nobody offers it does not know. */
class DnfHost extends FakeHost {
  rpms = new Map<string, string>()
  offered = ['httpd', 'postgresql', 'sendmail']
  /** What dnf shows before it asks, by its operands. */
  tables = new Map<string, string>()
  paths = ''
  isThere = true

  override async run(argv: string[], options = {}): Promise<CommandResult> {
    const line = argv.join(' ')
    await super.run(argv, options)
    if (!this.isThere && ['dnf', 'rpm'].includes(argv[0] ?? '')) throw notThere
    if (line === query) return said([...this.rpms].map(([name, version]) => `${name} ${version}\n`).join(''))
    if (line === files) return said(this.paths)
    if (argv[0] !== 'dnf' || line === 'dnf --version') return said('')
    const operands = argv.slice(argv.indexOf('--') + 1)
    const unknown = operands.find((operand) => !this.offered.includes(nameOf(operand)))
    if (unknown !== undefined) return { exitCode: 1, stdout: '', stderr: `Error: Unable to find a match: ${unknown}` }
    if (argv.includes('--assumeno'))
      return { exitCode: 1, stdout: this.tables.get(operands.join(' ')) ?? '', stderr: 'Operation aborted.' }
    for (const operand of operands) this.#change(operand, argv.includes('remove'))
    return said('')
  }

  #change(operand: string, remove: boolean) {
    const name = nameOf(operand)
    if (remove) this.rpms.delete(name)
    else this.rpms.set(name, operand === name ? '2.0-1' : operand.slice(name.length + 1))
  }
}

function said(stdout: string) {
  return { exitCode: 0, stdout, stderr: '' }
}

function nameOf(operand: string) {
  return operand.replace(/-[^-]+-[^-]+$/, '')
}

async function itemsOf(host: FakeHost | ForeseenHost, wanted: Record<string, object>) {
  const items = Object.entries(wanted).map(async ([name, props]) => {
    const want = dnf.props.parse(props)
    return { name, want, changes: await dnf.check(name, want, host) }
  })
  return Promise.all(items)
}

test('dnf installs, goes to a version, and removes', async () => {
  const host = new DnfHost()
  await assertConverges(dnf, 'httpd', {}, host, ['ensure: absent → present'])
  assert.equal(host.commands[1], 'dnf --assumeyes --quiet install -- httpd')
  assert.equal(host.options[1]?.outlives, true)
  await assertConverges(dnf, 'httpd', { version: '0:1.9-1.el9' }, host, ['version: 2.0-1 → 1.9-1.el9'])
  await assertConverges(dnf, 'httpd', { ensure: 'absent' }, host, ['ensure: present → absent'])
  assert.equal(host.commands.at(-2), 'dnf --assumeyes --quiet remove -- httpd')
})

test('dnf reads all RPMs at once for all that look in one pass', async () => {
  const host = new DnfHost()
  await itemsOf(host, { httpd: {}, postgresql: {}, sendmail: { ensure: 'absent' } })
  assert.deepEqual(host.commands, [query])
})

test('dnf takes neighbours into one transaction after those that go, and spares them one that is unknown', async () => {
  const host = new DnfHost()
  host.rpms.set('sendmail', '8-1')
  assert.equal(
    (await dnf.applyMany?.(await itemsOf(host, { httpd: {}, sendmail: { ensure: 'absent' }, postgresql: {} }), host))
      ?.size,
    0,
  )
  assert.deepEqual(host.commands.slice(1), [
    'dnf --assumeyes --quiet remove -- sendmail',
    'dnf --assumeyes --quiet install -- httpd postgresql',
  ])
  host.rpms.clear()
  host.changed()
  const failed = await dnf.applyMany?.(
    await itemsOf(host, { typo: {}, httpd: { recommends: false }, postgresql: {} }),
    host,
  )
  assert.deepEqual([...(failed?.keys() ?? [])], ['typo'])
  assert.match(failed?.get('typo')?.message ?? '', /exited with 1: Error: Unable to find a match: typo/)
  assert.equal(host.commands.at(-1), 'dnf --assumeyes --quiet --setopt=install_weak_deps=False install -- httpd')
  assert.deepEqual([...host.rpms.keys()], ['postgresql', 'httpd'])
})

test('before dnf is there nothing is installed, and that is no error', async () => {
  const host = new DnfHost()
  host.isThere = false
  assert.deepEqual(shown(await dnf.check('httpd', dnf.props.parse({}), host)), ['ensure: absent → present'])
  const failed = await foreseeRpms(await itemsOf(host, { httpd: {} }), new ForeseenHost(host))
  assert(failed.get('httpd') instanceof Unforeseeable)
  assert.match(failed.get('httpd')?.message ?? '', /dnf is not there yet/)
})

const table = `Dependencies resolved.
================================================================================
 Package              Architecture      Version            Repository      Size
================================================================================
Installing:
 httpd                noarch            0:2.4-1            lab            6.0 k
Installing dependencies:
 a-library-with-a-name-that-does-not-fit-into-its-column
                      x86_64            1:1-1              lab            5.4 k
Removing:
 sendmail             noarch            8-1                @lab              0  

Transaction Summary
================================================================================
Install  2 Packages
`

test('a plan takes what comes and goes from what dnf shows before it asks', async (t) => {
  const root = await tempDir(t)
  const host = new DnfHost()
  host.files = rootedFiles(root)
  host.rpms.set('sendmail', '8-1')
  host.tables.set('httpd', table)
  host.paths =
    'sendmail\t/usr/share/sendmail\nsendmail\t/usr/share/sendmail/text\nsendmail\t/usr/share/both\nother\t/usr/share/both\n'
  layDown(root, { '/usr/share/sendmail/text': '', '/usr/share/both': '' })
  const foreseen = new ForeseenHost(host)
  assert.equal((await foreseeRpms(await itemsOf(foreseen, { httpd: {} }), foreseen)).size, 0)
  const after = await itemsOf(foreseen, {
    httpd: { version: '2.4-1' },
    sendmail: { ensure: 'absent' },
    'a-library-with-a-name-that-does-not-fit-into-its-column': { version: '1:1-1' },
  })
  assert.deepEqual(
    after.flatMap(({ changes }) => changes),
    [],
  )
  assert.deepEqual(
    ['/usr/share/sendmail', '/usr/share/both'].map((path) => foreseen.files.stat(path)?.kind),
    [undefined, 'file'],
  )
  assert.deepEqual(foreseen.brought, ['dnf[httpd]'])

  host.tables.set('httpd postgresql', '')
  await foreseeRpms(await itemsOf(foreseen, { postgresql: {} }), foreseen)
  assert.equal(host.commands.at(-1), 'dnf --assumeno install -- httpd postgresql', 'it forgot what it had foreseen')
  assert.equal(host.rpms.has('httpd'), false)
})

test('a plan fails for an RPM that dnf does not know, and knows nothing where a repository is to be changed', async (t) => {
  const host = new DnfHost()
  host.files = rootedFiles(await tempDir(t))
  const foreseen = new ForeseenHost(host)
  const failed = await foreseeRpms(await itemsOf(foreseen, { typo: {} }), foreseen)
  assert.match(failed.get('typo')?.message ?? '', /Unable to find a match: typo/)
  assert.deepEqual(foreseen.brought, [])
  foreseen.foresee('/etc/yum.repos.d', { kind: 'directory' })
  foreseen.foresee('/etc/yum.repos.d/lab.repo', { kind: 'file', bytes: Buffer.from('[lab]') })
  const unknown = (await foreseeRpms(await itemsOf(foreseen, { httpd: {} }), foreseen)).get('httpd')
  assert(unknown instanceof Unforeseeable)
  assert.match(unknown.message, /^\/etc\/yum\.repos\.d\/lab\.repo is to be changed above it/)
})

test('dnf refuses names and props that cannot be meant', () => {
  for (const name of ['-y', 'a b', '*', '@group', './x.rpm'])
    assert.equal(dnf.name.safeParse(name).success, false, name)
  for (const version of ['1.0', '1.0-1 ', '-1-1', '1:2:3-1'])
    assert.equal(dnf.props.safeParse({ version }).success, false, version)
  assert.match(dnf.problem?.('x', dnf.props.parse({ ensure: 'absent', version: '1-1' }), {}) ?? '', /have no meaning/)
})
