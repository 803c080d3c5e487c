import assert from 'node:assert/strict'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { locale } from '../../resources/locale.ts'
import { assertConverges, FakeHost, tempDir } from '../helpers/converges.ts'
import { layDown, rootedFiles } from '../helpers/rooted-files.ts'

const gen = '/etc/locale.gen'

/** Generates what is listed, as locale-gen does. */
class LocalesHost extends FakeHost {
  generated = new Set(['C', 'C.utf8', 'POSIX'])

  override async run(argv: string[]) {
    const result = await super.run(argv)
    if (argv[0] === 'locale') return { ...result, stdout: [...this.generated].join('\n') }
    if (argv[0] === 'localedef') this.generated.delete(argv.at(-1) ?? '')
    if (argv[0] === 'locale-gen') {
      for (const line of this.files.read(gen).toString().split('\n'))
        if (/^[a-z]/.test(line)) this.generated.add((line.split(' ')[0] ?? '').replace('UTF-8', 'utf8'))
    }
    return result
  }
}

async function machine(t: TestContext, files: Record<string, string> = {}) {
  const root = await tempDir(t)
  layDown(root, {
    [gen]: '# This file lists locales\n# pt_PT.UTF-8 UTF-8\nfr_FR.UTF-8 UTF-8\n',
    '/usr/share/i18n/SUPPORTED': 'de_DE@euro ISO-8859-15\npt_PT.UTF-8 UTF-8\n',
    '/etc/default/locale': '# by hand\nLC_TIME=C\nLANG="fr_FR.UTF-8"\n',
    ...files,
  })
  const host = new LocalesHost()
  host.files = rootedFiles(root)
  return { root, host, text: (path: string) => host.files.read(path).toString() }
}

test('locale is listed, generated and the default, and leaves other lines alone', async (t) => {
  const { host, text } = await machine(t)
  await assertConverges(locale, 'pt_PT.UTF-8', { default: true }, host, [
    'listed: false → true',
    'generated: false → true',
    'LANG: fr_FR.UTF-8 → pt_PT.UTF-8',
  ])
  assert.equal(text(gen), '# This file lists locales\n# pt_PT.UTF-8 UTF-8\nfr_FR.UTF-8 UTF-8\npt_PT.UTF-8 UTF-8\n')
  assert.equal(text('/etc/default/locale'), '# by hand\nLC_TIME=C\nLANG=pt_PT.UTF-8\n')
  await assertConverges(locale, 'pt_PT.UTF-8', { ensure: 'absent' }, host, [
    'listed: true → false',
    'generated: true → false',
    'LANG: pt_PT.UTF-8 → unset',
  ])
  assert.equal(host.commands.at(-2), 'localedef --delete-from-archive -- pt_PT.utf8')
  assert.equal(text('/etc/default/locale'), '# by hand\nLC_TIME=C\n')
})

test('locale writes LANG where the link of Debian 13 leads', async (t) => {
  const { root, host, text } = await machine(t, { '/etc/default/other': '', '/etc/locale.conf': '' })
  host.files.remove('/etc/default/locale')
  symlinkSync('../locale.conf', join(root, '/etc/default/locale'))
  await assertConverges(locale, 'C.UTF-8', { default: true }, host, ['LANG: - → C.UTF-8'])
  assert.equal(text('/etc/locale.conf'), 'LANG=C.UTF-8\n')
  assert.equal(host.files.stat('/etc/default/locale')?.kind, 'link')
})

test('locale is generated anew where only its line is left', async (t) => {
  const { host } = await machine(t, { [gen]: 'pt_PT.UTF-8 UTF-8\n' })
  await assertConverges(locale, 'pt_PT.UTF-8', {}, host, ['generated: false → true'])
})

test('locale knows those that Debian has, and says what is missing', async (t) => {
  const { host } = await machine(t)
  const want = locale.props.parse({})
  const apply = async (name: string) => locale.apply(name, want, host, await locale.check(name, want, host))
  await assert.rejects(apply('xx_XX.UTF-8'), /no xx_XX\.UTF-8 in \/usr\/share\/i18n\/SUPPORTED.*pkg\[locales\]/)
  await assert.rejects(apply('pt_PT'), /There is no pt_PT in/)
  await apply('de_DE@euro')
  assert.match(host.files.read(gen).toString(), /^de_DE@euro ISO-8859-15$/m)
  assert.match(locale.problem?.('C.UTF-8', locale.props.parse({ ensure: 'absent' }), {}) ?? '', /part of libc/)
})
