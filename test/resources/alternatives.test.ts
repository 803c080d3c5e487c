import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { alternatives } from '../../resources/alternatives.ts'
import { assertConverges, FakeHost, tempDir } from '../helpers/converges.ts'
import { layDown, rootedFiles } from '../helpers/rooted-files.ts'

const registry = '/var/lib/dpkg/alternatives/editor'
const choices = (mode: string, ...rows: [string, number][]) =>
  [
    mode,
    '/usr/bin/editor',
    'editor.1.gz',
    '/usr/share/man/man1/editor.1.gz',
    '',
    // The second has no manual page: an empty line is one of its lines.
    ...rows.flatMap(([path, priority], index) => [path, String(priority), index === 1 ? '' : `${path}.1.gz`]),
    '',
  ].join('\n')

async function machine(t: TestContext) {
  const root = await tempDir(t)
  const rows: [string, number][] = [
    ['/bin/ed', -100],
    ['/usr/bin/vi', 30],
    ['/bin/nano', 40],
  ]
  layDown(root, {
    [registry]: choices('auto', ...rows),
    '/etc/alternatives/README': '',
    '/bin/ed': '',
    '/usr/bin/vi': '',
    '/bin/nano': '',
    '/opt/edit': '',
  })
  const lay = (mode: string, path: string) => {
    layDown(root, { [registry]: choices(mode, ...rows) })
    host.files.link('/etc/alternatives/editor', path)
    return {}
  }
  const host = new FakeHost({
    'update-alternatives --set editor /usr/bin/vi': () => lay('manual', '/usr/bin/vi'),
    'update-alternatives --auto editor': () => lay('auto', '/bin/nano'),
    'update-alternatives --set editor /opt/edit': () => lay('manual', '/opt/edit'),
    'update-alternatives --install /usr/bin/editor editor /opt/edit 50': () => {
      rows.push(['/opt/edit', 50])
      return {}
    },
    'update-alternatives --remove editor /opt/edit': () => {
      rows.pop()
      return lay('auto', '/bin/nano')
    },
  })
  host.files = rootedFiles(root)
  host.files.link('/etc/alternatives/editor', '/bin/nano')
  return host
}

test('alternatives chooses one, registers and chooses one, goes back to the best, and takes one off', async (t) => {
  const host = await machine(t)
  await assertConverges(alternatives, 'editor', { path: '/usr/bin/vi' }, host, [
    'mode: auto → manual',
    'path: /bin/nano → /usr/bin/vi',
  ])
  await assertConverges(alternatives, 'editor', {}, host, ['mode: manual → auto'])
  assert.equal(host.files.readLink('/etc/alternatives/editor'), '/bin/nano')
  const own = { path: '/opt/edit', link: '/usr/bin/editor', priority: 50 }
  await assertConverges(alternatives, 'editor', own, host, [
    'priority: - → 50',
    'mode: auto → manual',
    'path: /bin/nano → /opt/edit',
  ])
  await assertConverges(alternatives, 'editor', { ensure: 'absent', path: '/opt/edit' }, host, [
    'ensure: present → absent',
  ])
})

test('alternatives says what there is to choose from, and what must be there first', async (t) => {
  const host = await machine(t)
  const apply = async (name: string, props: object) => {
    const want = alternatives.props.parse(props)
    await alternatives.apply(name, want, host, await alternatives.check(name, want, host))
  }
  await assert.rejects(
    apply('editor', { path: '/opt/edit' }),
    /\/opt\/edit is not registered: for editor there is \/bin\/ed, \/usr\/bin\/vi, \/bin\/nano to choose from/,
  )
  await assert.rejects(apply('pager', { path: '/opt/edit' }), /for pager there is nothing to choose from/)
  await assert.rejects(apply('pager', {}), /pager is not registered/)
  await assert.rejects(apply('editor', { path: '/opt/none', link: '/usr/bin/editor', priority: 1 }), /no \/opt\/none/)
  assert.deepEqual(host.commands, [])
})

test('alternatives cleans up what it registered, and only no longer chooses what a package did', () => {
  const own = alternatives.props.parse({ path: '/opt/edit', link: '/usr/bin/editor', priority: 50 })
  assert.deepEqual(alternatives.unwanted?.(own), { ensure: 'absent', path: '/opt/edit' })
  const chosen = alternatives.props.parse({ path: '/usr/bin/vi' })
  assert.deepEqual(alternatives.unwanted?.(chosen), { ensure: 'present' })
  assert.match(alternatives.problem?.('x', { ...own, priority: undefined }, {}) ?? '', /has one of link and priority/)
  assert.match(alternatives.problem?.('x', alternatives.props.parse({ ensure: 'absent' }), {}) ?? '', /which path/)
})
