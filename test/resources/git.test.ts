import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { git } from '../../resources/git.ts'
import type { CommandOptions } from '../../resources/host.ts'
import { assertConverges, FakeHost, shown, tempDir } from '../helpers/converges.ts'

const me = { GIT_AUTHOR_NAME: 'a', GIT_AUTHOR_EMAIL: 'a@b', GIT_COMMITTER_NAME: 'a', GIT_COMMITTER_EMAIL: 'a@b' }
const base = { PATH: process.env.PATH, HOME: '/nonexistent', GIT_CONFIG_NOSYSTEM: '1' }

/** A machine that really runs its commands. */
class RunningHost extends FakeHost {
  override run([program = '', ...args]: string[], { env, timeoutMs }: CommandOptions = {}) {
    this.commands.push([program, ...args].join(' '))
    return new Promise<{ exitCode: number; stdout: string; stderr: string }>((resolve) => {
      execFile(program, args, { env: { ...base, ...env }, timeout: timeoutMs }, (error, stdout, stderr) =>
        resolve({ exitCode: typeof error?.code === 'number' ? error.code : error ? 127 : 0, stdout, stderr }),
      )
    })
  }

  gits() {
    return this.commands.splice(0).map((line) => line.replace(/^git (-c \S+ )*/, ''))
  }
}

/** A remote with two commits on main and a tag at the first, and where it is to be checked out. */
async function scene(t: TestContext) {
  const dir = await tempDir(t)
  const url = join(dir, 'remote')
  const run = (...args: string[]) =>
    execFileSync('git', ['-C', url, ...args], { env: { ...base, ...me }, stdio: 'pipe' })
      .toString()
      .trim()
  const commit = (text: string) => {
    writeFileSync(join(url, 'page'), text)
    run('add', '.')
    run('commit', '-q', '-m', text)
    return run('rev-parse', 'HEAD')
  }
  mkdirSync(url)
  run('init', '-q', '-b', 'main')
  const first = commit('one')
  run('tag', '-a', '-m', 'v1', 'v1')
  const second = commit('two')
  return { dir, url, run, commit, first, second, path: join(dir, 'site'), host: new RunningHost() }
}

async function check(path: string, props: object, host: FakeHost) {
  return shown(await git.check(path, git.props.parse(props), host))
}

async function apply(path: string, props: object, host: FakeHost) {
  const want = git.props.parse(props)
  await git.apply(path, want, host, await git.check(path, want, host))
}

const page = (path: string) => readFileSync(join(path, 'page'), 'utf8')

test('git checks out a branch, follows it, and goes to a tag and to a commit', async (t) => {
  const { path, url, host, commit, first, second } = await scene(t)
  await assertConverges(git, path, { url, revision: 'main' }, host, [
    'ensure: absent → present',
    `revision: - → ${second}`,
  ])
  assert.equal(page(path), 'two')
  const third = commit('three')
  await assertConverges(git, path, { url, revision: 'main' }, host, [`revision: ${second} → ${third}`])
  await assertConverges(git, path, { url, revision: 'v1' }, host, [`revision: ${third} → ${first}`])
  assert.equal(page(path), 'one')
  await assertConverges(git, path, { url, revision: second }, host, [`revision: ${first} → ${second}`])
  assert.equal(page(path), 'two')
})

test('git asks nobody for a commit that is there, and runs nothing to see that it is checked out', async (t) => {
  const { path, url, host, first } = await scene(t)
  await apply(path, { url, revision: 'main' }, host)
  await apply(path, { url, revision: first }, host)
  host.gits()
  assert.deepEqual(await check(path, { url: '/nowhere', revision: first }, host), [])
  assert.deepEqual(host.gits(), [])
})

test('git fetches a commit that is on no branch when it is named', async (t) => {
  const { path, url, host, run, commit, second } = await scene(t)
  run('config', 'uploadpack.allowAnySHA1InWant', 'true')
  const lost = commit('lost')
  run('reset', '-q', '--hard', second)
  await apply(path, { url, revision: lost }, host)
  assert.equal(page(path), 'lost')
})

test('git keeps what was changed on the node, and checks nothing out over it', async (t) => {
  const { path, url, host, commit } = await scene(t)
  const props = { url, revision: 'main' }
  await apply(path, props, host)
  writeFileSync(join(path, 'page'), 'mine')
  writeFileSync(join(path, 'built'), '')
  assert.deepEqual(await check(path, props, host), [])
  commit('three')
  await assert.rejects(
    apply(path, props, host),
    /was changed on the node: M page\. Commit that elsewhere, or say `clean: true`/,
  )
  await assert.rejects(apply(path, { ...props, ensure: 'absent' }, host), /was changed on the node/)
  assert.equal(page(path), 'mine')

  const changes = await git.check(path, git.props.parse({ ...props, clean: true }), host)
  assert.match(shown(changes).join('\n'), /local changes: M page, \?\? built → none/)
  await apply(path, { ...props, clean: true }, host)
  assert.deepEqual(await check(path, { ...props, clean: true }, host), [])
  assert.equal(page(path), 'three')
  assert.equal(existsSync(join(path, 'built')), false)
  await apply(path, { ...props, ensure: 'absent' }, host)
  assert.equal(existsSync(path), false)
})

test('git cleans nothing that is only mounted in the repository, unless it leaves that alone', async (t) => {
  const { path, url, run, host } = await scene(t)
  const props = { url, revision: 'main', clean: true }
  await apply(path, props, host)
  const mounted = join(path, 'uploads')
  mkdirSync(mounted)
  writeFileSync(join(mounted, 'data'), '')
  const { read } = host.files
  const lines = [path, mounted].map((at) => `36 35 8:1 / ${at} rw - ext4 /dev/sda1 rw\n`)
  host.files = { ...host.files, read: (one) => (one.startsWith('/proc/') ? Buffer.from(lines.join('')) : read(one)) }
  await assert.rejects(apply(path, props, host), /uploads, which `clean` would empty\. Have git ignore it/)
  assert(existsSync(join(mounted, 'data')))
  writeFileSync(join(url, '.gitignore'), 'uploads/\n')
  run('add', '.')
  run('commit', '-q', '-m', 'ignoring')
  await assert.rejects(apply(path, props, host), /which `clean` would empty/)
  mkdirSync(join(path, '.git/info'))
  writeFileSync(join(path, '.git/info/exclude'), 'uploads/\n')
  await apply(path, props, host)
  assert(existsSync(join(mounted, 'data')))
})

test('git ends what a killed agent began, its lock and half of its files', async (t) => {
  const { path, url, host, commit } = await scene(t)
  const props = { url, revision: 'main' }
  await apply(path, props, host)
  writeFileSync(join(path, '.git/trivet-unfinished'), '')
  writeFileSync(join(path, '.git/index.lock'), '')
  writeFileSync(join(path, 'page'), 'hal')
  assert.deepEqual(await check(path, props, host), ['checkout: unfinished → done'])
  commit('three')
  await apply(path, props, host)
  assert.equal(page(path), 'three')
  assert.deepEqual(await check(path, props, host), [])
})

test('git runs no hook and no program that the repository names', async (t) => {
  const { dir, path, url, host, commit, first } = await scene(t)
  await apply(path, { url, revision: 'main' }, host)
  const evil = join(dir, 'evil')
  writeFileSync(evil, `#!/bin/sh\ntouch ${dir}/pwned\n`)
  chmodSync(evil, 0o755)
  mkdirSync(join(path, '.git/hooks'), { recursive: true })
  for (const hook of ['post-checkout', 'reference-transaction', 'post-index-change'])
    writeFileSync(join(path, '.git/hooks', hook), readFileSync(evil), { mode: 0o755 })
  execFileSync('git', ['-C', path, 'config', 'core.fsmonitor', evil], { env: base })
  commit('three')
  await apply(path, { url, revision: 'main', clean: true }, host)
  assert.equal(page(path), 'three')
  assert.equal(existsSync(join(dir, 'pwned')), false)
  execFileSync('git', ['-C', path, 'checkout', '-q', '--detach', first], { env: base })
  assert(existsSync(join(dir, 'pwned')), 'they would not have run anyway')
})

function isUrl(url: string) {
  return git.props.safeParse({ url, revision: 'main' }).success
}

test('git takes only the way that the URL names, and asks nobody for a password', async (t) => {
  const { path, url, host } = await scene(t)
  host.run = async (_argv, options?: CommandOptions) => {
    assert.equal(options?.env?.GIT_ALLOW_PROTOCOL, 'https')
    assert.equal(options?.env?.GIT_TERMINAL_PROMPT, '0')
    assert.match(options?.env?.GIT_SSH_COMMAND ?? '', /BatchMode=yes/)
    return { exitCode: 128, stdout: '', stderr: 'fatal: could not resolve host' }
  }
  const want = { url: 'https://a.example/x.git', revision: 'main' }
  assert.match(
    (await check(path, want, host)).join(),
    /revision: - → main, which cannot be told: git ls-remote .*could not resolve/,
  )
  await assert.rejects(apply(path, want, host), /could not resolve host/)
  for (const fine of [
    url,
    'file:///srv/x.git',
    'https://a.example/x.git',
    'git@a.example:x.git',
    'ssh://git@a.example:22/x',
  ])
    assert(isUrl(fine), fine)
  for (const bad of [
    'ext::sh -c x',
    '-x',
    '--upload-pack=x',
    'https://me:secret@a.example/',
    'ssh://-oProxyCommand=x/y',
    'git@-x:y',
    'git@a.example:-x',
    'git://a.example/x',
    'relative/path',
    'https://a.example/x y',
  ])
    assert.equal(isUrl(bad), false, bad)
  for (const revision of ['-x', 'a..b', '@', 'a b', 'refs/', 'x.lock', ''])
    assert.equal(git.props.safeParse({ url, revision }).success, false, revision)
  assert.match(
    git.problem?.('/a', git.props.parse({ url: 'http://a.example/x', revision: 'main' }), {}) ?? '',
    /by http:/,
  )
})

test('git fails where the revision is not, and makes nothing of a directory that is full', async (t) => {
  const { dir, path, url, host } = await scene(t)
  await assert.rejects(apply(path, { url, revision: 'nowhere' }, host), /has neither a tag nor a branch nowhere\./)
  mkdirSync(path)
  writeFileSync(join(path, 'data'), 'precious')
  await assert.rejects(apply(path, { url, revision: 'main' }, host), /is full and no git repository/)
  await assert.rejects(apply(path, { url, revision: 'main', ensure: 'absent' }, host), /is full and no git repository/)
  assert.deepEqual(readdirSync(path), ['data'])
  await assert.rejects(
    apply(join(dir, 'remote/page'), { url, revision: 'main' }, host),
    /is a file, which git\[.*\] does not touch/,
  )
})

test('git runs as the user who owns the repository, in its home', async (t) => {
  const { dir, path, url } = await scene(t)
  const host = new FakeHost()
  host.accounts.set('web', {
    uid: process.getuid?.() ?? 0,
    gid: process.getgid?.() ?? 0,
    comment: '',
    home: dir,
    shell: '',
  })
  host.run = async (argv, options?: CommandOptions) => {
    if (options) host.options.push(options)
    const isAsking = argv.includes('ls-remote')
    return { exitCode: 0, stdout: isAsking ? `${'a'.repeat(40)}\trefs/heads/main\n` : '', stderr: '' }
  }
  mkdirSync(join(path, '.git'), { recursive: true })
  await apply(path, { url, revision: 'main', user: 'web' }, host)
  assert(host.options.length > 3)
  for (const { user, env } of host.options) assert.deepEqual([user, env?.HOME], ['web', dir])
  await assert.rejects(
    apply(join(dir, 'other'), { url, revision: 'main', user: 'nobody-here' }, host),
    /There is no user nobody-here/,
  )
  assert(statSync(path).isDirectory())
})
