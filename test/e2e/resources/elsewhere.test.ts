import assert from 'node:assert/strict'
import { build } from 'esbuild'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { until } from '../../../lab/run.ts'
import { sha256 } from '../../../protocol/catalog.ts'
import { acceptance, type Machine } from '../../helpers/acceptance.ts'
import { makeAuthority } from '../../helpers/authority.ts'
import { toldOnly } from '../../helpers/told-only.ts'
import { tarOf } from '../../resources/packing.ts'

const releases = await makeAuthority('releases.example.net')
const web = await makeAuthority('web.example')
const large = randomBytes(8_000_000)

/** As the examples name them by hash: made once, since another zlib would pack them otherwise. */
const greet = '#!/bin/sh\necho hello\n'
const greeter =
  'H4sIAAAAAAACA+3UTQrCMBAF4Fn3FBHX2pfJ33lUQiMUC2m9vxBaCO4EUxDn2wyzHB5vhhzjEvNJn21PjQAIzikC2DDXc6NIW6+9BoJhgtbwRpGjHTzn5ZIJ+MKR5ZBt/oihyv96f/Rl3zl/du/5s/dWEST/5o6HEvucunhLk0pxHKeOxL+o+9+i+2s1vLWf/H8TYBRxq4ck/RdCCHoBO7XiDgAMAAA='

const base = 'https://releases.example.net:8443'
const trusting = `ca: '/etc/ssl/releases.pem'`
const arranged = new Set<string>()

/** Puts the server on the node, once, with what it gives. */
async function arrange({ node, on }: Machine) {
  if (arranged.has(node.name)) return
  const { outputFiles } = await build({
    entryPoints: [new URL('elsewhere-server.ts', import.meta.url).pathname],
    bundle: true,
    platform: 'node',
    format: 'cjs',
    write: false,
  })
  await node.write('/srv/elsewhere/server.cjs', outputFiles[0]?.text ?? '')
  await node.write('/srv/elsewhere/server.pem', releases.cert)
  await node.write('/srv/elsewhere/server.key', releases.key, '0600')
  await node.write('/srv/elsewhere/greet-1.4', greet)
  await node.write('/srv/elsewhere/greeter-1.4.tar.gz', Buffer.from(greeter, 'base64'))
  await node.write('/srv/elsewhere/large', large)
  await node.write('/etc/ssl/releases.pem', releases.ca)
  await on('sh', '-c', 'echo 127.0.0.1 releases.example.net >> /etc/hosts')
  await on('systemd-run', '--unit=elsewhere', '--', '/opt/node/bin/node', '/srv/elsewhere/server.cjs')
  await until('the server on the node to listen', async () => {
    const { stdout } = await node.exec(['ss', '--tcp', '--listening', '--numeric'])
    return [':8443', ':9200', ':8080'].every((port) => stdout.includes(port))
  })
  arranged.add(node.name)
}

const files = { 'web.pem': `${web.cert}\n`, 'web.key': web.key, 'other.key': releases.key }

acceptance('elsewhere', { packages: ['git', 'xz-utils'], files }, (machine) => {
  const ready = async () => {
    await arrange(machine())
    return machine()
  }

  test('remote_file: its example', async () => {
    const { example, on } = await ready()
    await example('remote_file')
    assert.equal(await on('/usr/local/bin/greet'), 'hello')
  })

  test('remote_file is foreseen with its hash, and fetched through breaks', async () => {
    const { threeWays, on } = await ready()
    await threeWays(
      `directory('/opt/tools', {})
       remote_file('/opt/tools/large', { url: '${base}/breaking/large', sha256: '${sha256(large)}', ${trusting}, mode: '0640', group: 'adm' })
       link('/opt/tools/current', { target: 'large' })`,
      ['directory[/opt/tools]', 'remote_file[/opt/tools/large]', 'link[/opt/tools/current]'],
    )
    assert.equal(await on('stat', '-c', '%s %a %G', '/opt/tools/large'), '8000000 640 adm')
    assert.equal(await on('ls', '-A', '/opt/tools'), 'current\nlarge')
    assert.match(
      await on('cat', '/srv/elsewhere/log'),
      /breaking\/large -\n\/breaking\/large bytes=\d+-\n\/breaking\/large bytes=\d+-/,
    )
  })

  test('remote_file goes on where a killed agent was', async () => {
    const { converge, node, on } = await ready()
    const body = `remote_file('/opt/resumed', { url: '${base}/stalling/large', sha256: '${sha256(large)}', ${trusting} })`
    await machine().plan(body)
    await on('systemd-run', '--unit=killed', '--', '/usr/lib/trivet/trivet-agent', 'converge', '--offline')
    const partial = `/opt/.trivet-partial-${sha256(large).slice(0, 16)}-resumed`
    await until(
      'a part to be there',
      async () => Number((await node.exec(['stat', '-c', '%s', partial])).stdout) >= 2_900_000,
    )
    await on('systemctl', 'kill', '--signal=KILL', 'killed')
    const { events } = await converge(body)
    assert.deepEqual(
      events.map(({ id, outcome }) => `${id} ${outcome}`),
      ['remote_file[/opt/resumed] changed'],
    )
    assert.match(await on('sha256sum', '/opt/resumed'), new RegExp(`^${sha256(large)}`))
    assert.match(await on('tail', '-n', '1', '/srv/elsewhere/log'), /^\/stalling\/large bytes=(29|30)\d{5}-$/)
    assert.doesNotMatch(await on('ls', '-A', '/opt'), /trivet-partial/)
  })

  test('remote_file and archive refuse what was tampered with, and leave the old', async () => {
    const { converge, on } = await ready()
    const wrong = sha256('something else')
    const { events } = await converge(
      `remote_file('/usr/local/bin/greet', { url: '${base}/greet-1.4', sha256: '${wrong}', ${trusting} })
       archive('/opt/tampered', { url: '${base}/greeter-1.4.tar.gz', sha256: '${wrong}', ${trusting} })`,
    )
    const errors = events.map((event) =>
      'error' in event ? event.error : 'reason' in event ? event.reason : event.outcome,
    )
    assert.match(errors[0] ?? '', /has the SHA-256 [0-9a-f]{64}, not .*; it was not put in place/)
    assert.match(errors[1] ?? '', /failed before it in recipe/)
    assert.equal(await on('/usr/local/bin/greet'), 'hello')
  })

  test('archive: its example, and another version in its place', async () => {
    const { example, threeWays, node, on } = await ready()
    await example('archive')
    assert.equal(await on('/opt/greeter/greet'), 'hello')
    const next = tarOf([{ path: 'greeter-1.5/bin/greet', text: '#!/bin/sh\necho hi\n', mode: 0o755 }])
    await node.write('/var/tmp/greeter-1.5.tar', next)
    await on('xz', '/var/tmp/greeter-1.5.tar')
    const report = await threeWays(
      `user('crew', {})
       archive('/opt/greeter', { file: '/var/tmp/greeter-1.5.tar.xz', strip: 1, owner: 'crew', group: 'crew' })
       file('/opt/greeter/local', { content: 'beside' })`,
      ['user[crew]', 'archive[/opt/greeter]', 'file[/opt/greeter/local]'],
    )
    assert.equal(report.run.outcome, 'changed')
    assert.equal(await on('/opt/greeter/bin/greet'), 'hi')
    assert.equal(await on('stat', '-c', '%U %a', '/opt/greeter/bin/greet'), 'crew 755')
    assert.equal(await on('ls', '-A', '/opt/greeter'), '.trivet-archive\nbin\nlocal')
  })

  test('archive takes what remote_file is only foreseen to bring', async () => {
    const { threeWays, on } = await ready()
    const hash = sha256(Buffer.from(greeter, 'base64'))
    await threeWays(
      `remote_file('/var/tmp/greeter-1.4.tgz', { url: '${base}/greeter-1.4.tar.gz', sha256: '${hash}', ${trusting} })
       archive('/srv/greeter', { file: '/var/tmp/greeter-1.4.tgz' })`,
      ['remote_file[/var/tmp/greeter-1.4.tgz]', 'archive[/srv/greeter]'],
    )
    assert.equal(await on('/srv/greeter/greeter-1.4/greet'), 'hello')
  })

  test('archive that leads out of its directory brings nothing, as root least of all', async () => {
    const { converge, node, on } = await ready()
    const hostile = tarOf([
      { path: 'fine', text: 'fine' },
      { path: 'etc', type: 'SymbolicLink', to: '/etc' },
      { path: 'etc/pwned', text: 'x' },
    ])
    await node.write('/var/tmp/hostile.tar', hostile)
    const { events } = await converge(`archive('/opt/hostile', { file: '/var/tmp/hostile.tar' })`)
    assert.match(
      'error' in (events[0] ?? {}) ? JSON.stringify(events[0]) : '',
      /has etc\/pwned below etc, which is a link/,
    )
    assert.equal(await on('sh', '-c', 'ls -d /etc/pwned /opt/hostile /opt/.trivet* 2>/dev/null || true'), '')
  })

  test('git: its example as another user, then a new commit, and no hook', async () => {
    const { example, converge, plan, on } = await ready()
    const commit = (text: string) =>
      on(
        'sh',
        '-ec',
        `cd /srv/work; echo ${text} > page; git add .; git -c user.name=a -c user.email=a@b commit -qm ${text}; git push -q /srv/site.git main`,
      )
    await on('sh', '-ec', 'git init -q --bare -b main /srv/site.git; git init -q -b main /srv/work')
    await commit('one')
    await on('chown', '-R', 'www-data:', '/srv/site.git')
    await example('git')
    assert.equal(await on('cat', '/srv/site/page'), 'one')
    assert.equal(await on('stat', '-c', '%U', '/srv/site/page', '/srv/site/.git/HEAD'), 'www-data\nwww-data')
    await on('sh', '-ec', 'git config --global --add safe.directory "*"')
    await commit('two')
    await on('chown', '-R', 'www-data:', '/srv/site.git')
    await on(
      'sh',
      '-ec',
      'mkdir -p /srv/site/.git/hooks; printf "#!/bin/sh\\ntouch /tmp/pwned" > /srv/site/.git/hooks/post-checkout; chmod +x /srv/site/.git/hooks/post-checkout',
    )
    const body = `git('/srv/site', { url: '/srv/site.git', revision: 'main', user: 'www-data' })`
    assert.equal((await plan(body)).events[0]?.outcome, 'would-change')
    assert.equal((await converge(body)).run.outcome, 'changed')
    assert.equal(await on('cat', '/srv/site/page'), 'two')
    assert.equal(await on('sh', '-c', 'ls /tmp/pwned 2>/dev/null || true'), '')
    await on(
      'sh',
      '-ec',
      'mkdir -p /srv/disk /srv/site/up; echo data > /srv/disk/file; mount --bind /srv/disk /srv/site/up',
    )
    const clean = `git('/srv/site', { url: '/srv/site.git', revision: 'main', user: 'www-data', clean: true })`
    assert.match(toldOnly(await plan(clean)), /Something is mounted at \/srv\/site\/up, which `clean` would empty/)
    assert.match(toldOnly(await converge(clean)), /Something is mounted at \/srv\/site\/up, which `clean` would empty/)
    assert.equal(await on('cat', '/srv/disk/file'), 'data')
    await on('umount', '/srv/site/up')
    const away = await plan(`git('/srv/site', { url: '/srv/gone.git', revision: 'main', user: 'www-data' })`)
    assert.equal(away.events[0]?.outcome, 'unknown')
  })

  test('certificate: its example, and a key that does not fit', async () => {
    const { example, converge, on } = await ready()
    const report = await example('certificate')
    assert(!JSON.stringify(report).includes(web.key.split('\n')[1] ?? web.key), 'the key is in the report')
    assert.equal(await on('stat', '-c', '%U:%G %a', '/etc/ssl/private/web.key'), 'root:www-data 640')
    const { events } = await converge(
      `certificate('/etc/ssl/certs/web.pem', { cert: source('web.pem'), key: source('other.key'), keyPath: '/etc/ssl/private/web.key' })`,
    )
    assert.match(JSON.stringify(events), /The key does not belong to the certificate/)
    assert.equal(await on('cat', '/etc/ssl/private/web.key'), web.key.trim())
  })

  test('http: its example, and unknown where nothing answers', async () => {
    const { example, plan } = await ready()
    await example('http')
    const { events } = await plan(`http('http://127.0.0.1:9/x', { want: { a: 1 } })`)
    assert.equal(events[0]?.outcome, 'unknown')
  })

  test('marathon_app: its example, scaled, and deleted', async () => {
    const { example, threeWays } = await ready()
    await example('marathon_app')
    const id = 'marathon_app[/shop/web]'
    await threeWays(`marathon_app('/shop/web', { servers: ['http://127.0.0.1:8080'], app: { instances: 4 } })`, [id])
    await threeWays(`marathon_app('/shop/web', { servers: ['http://127.0.0.1:8080'], ensure: 'absent' })`, [id])
  })
})
