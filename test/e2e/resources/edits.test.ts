import assert from 'node:assert/strict'
import { test } from 'node:test'
import { acceptance, exampleOf, told } from '../../helpers/acceptance.ts'
import { toldOnly } from '../../helpers/told-only.ts'

const files = {
  'cluster-hosts.njk': '{% for node in nodes %}{{ node }}\n{% endfor %}',
  'site/index.html': 'hello\n',
  'site/css/site.css': 'a {}\n',
}
const packages = ['openssh-server', 'cron']

acceptance('edits', { packages, files }, (machine) => {
  test('cron gets its example, and a job that is to run while the others are tried', async () => {
    await machine().example('cron')
    await machine().threeWays(
      `cron('tried', { schedule: '* * * * *', command: 'echo "$WORD %" > /run/cron-ran', env: { WORD: 'ran 100' } })`,
      ['cron[tried]'],
    )
    await machine().threeWays(
      `user('runner', {})
       cron('as-another', { schedule: '0 0 1 1 *', user: 'runner', command: 'true' })`,
      ['user[runner]', 'cron[as-another]'],
    )
  })

  test('the examples of all that edits a file do what they say', async () => {
    const { example, on } = machine()
    await on('mkdir', '/etc/docker', '/etc/prometheus')
    await example('line')
    await example('block')
    await example('ini')
    await example('json_edit')
    await example('yaml_edit')
    await example('hosts')
    assert.equal(await on('grep', '^UMASK', '/etc/login.defs'), 'UMASK 027')
    assert.equal(await on('getent', 'hosts', 'n7'), '10.0.0.7        n7.example.org n7')
    assert.equal(await on('getent', 'hosts', 'n2'), '10.0.0.8        n2')
    assert.deepEqual(JSON.parse(await on('cat', '/etc/docker/daemon.json')), { 'log-driver': 'journald' })
  })

  test('several edit one file, in a directory that the same plan foresees', async () => {
    const { threeWays, on } = machine()
    const body = `directory('/etc/app', {})
      file('/etc/app/app.ini', { mode: '0640' })
      block('/etc/app/app.ini#head', { content: '# by several\\n', comment: ';' })
      ini('/etc/app/app.ini#server/port', { value: 80 })
      ini('/etc/app/app.ini#server/host', { value: 'n1' })
      line('/etc/app/app.ini#last', { line: '; end', after: '^host' })
      json_edit('/etc/app/a.json#/a/b', { value: [1, { c: null }], mode: '0600' })
      yaml_edit('/etc/app/a.yaml#/a/b', { value: { c: 'yes' } })`
    await threeWays(body, [
      'directory[/etc/app]',
      'file[/etc/app/app.ini]',
      'block[/etc/app/app.ini#head]',
      'ini[/etc/app/app.ini#server/port]',
      'ini[/etc/app/app.ini#server/host]',
      'line[/etc/app/app.ini#last]',
      'json_edit[/etc/app/a.json#/a/b]',
      'yaml_edit[/etc/app/a.yaml#/a/b]',
    ])
    const expected = '; begin head (Trivet)\n# by several\n; end head (Trivet)\n\n[server]\nport = 80\nhost = n1\n; end'
    assert.equal(await on('cat', '/etc/app/app.ini'), expected)
    assert.equal(await on('stat', '-c', '%a %U', '/etc/app/app.ini', '/etc/app/a.json'), '640 root\n600 root')
    assert.equal(await on('cat', '/etc/app/a.yaml'), 'a:\n  b:\n    c: "yes"')
    await on('sed', '-i', 's/80/8080/', '/etc/app/app.ini')
    await threeWays(body, ['ini[/etc/app/app.ini#server/port]'])
    assert.equal(await on('cat', '/etc/app/app.ini'), expected)
  })

  test('an edit that cannot be made fails as its plan says, and leaves the file', async () => {
    const { threeWays, converge, plan, on } = machine()
    await on('sh', '-c', 'printf "a\\0b" > /srv/binary; ln -sf /etc/motd /srv/link; echo "{" > /srv/broken.json')
    const body = `line('/srv/binary#x', { line: 'x' })`
    assert.match((await plan(body)).events.map(told).join(), /failed: .*\/srv\/binary: it is no text/)
    assert.match((await converge(body)).events.map(told).join(), /failed: .*\/srv\/binary: it is no text/)
    const linked = (await converge(`line('/srv/link#x', { line: 'x' })`)).events.map(told).join()
    assert.match(linked, /\/srv\/link is a link to \/etc\/motd, which is not followed/)
    await on('sh', '-c', 'touch /srv/over /srv/under && mount --bind /srv/over /srv/under')
    const mounted = (await converge(`line('/srv/under#x', { line: 'x' })`)).events.map(told).join()
    assert.match(mounted, /\/srv\/under cannot be written: something is mounted on it/)
    const broken = (await converge(`json_edit('/srv/broken.json#/a', { value: 1 })`)).events.map(told).join()
    assert.match(broken, /broken\.json: line 2 is no JSON/)
    assert.equal(await on('cat', '/srv/broken.json'), '{')
    await threeWays(`line('/srv/broken.json#x', { ensure: 'absent', line: '{' })`, ['line[/srv/broken.json#x]'])
    assert.equal(await on('stat', '-c', '%s', '/srv/broken.json'), '0')
  })

  test('a key that is kept lets its user in, who is foreseen with it', async () => {
    const { threeWays, example, on } = machine()
    await on('sh', '-c', 'mkdir -p /run/keys && ssh-keygen -q -t ed25519 -N "" -C ignored -f /run/keys/id')
    const key = (await on('cat', '/run/keys/id.pub')).replace(/ ignored$/, '')
    await threeWays(
      `user('deploy', { home: '/home/deploy', createHome: true, shell: '/bin/bash' })
       ssh_authorized_key('deploy#alice@laptop', { key: '${key}', options: ['no-pty'] })`,
      ['user[deploy]', 'ssh_authorized_key[deploy#alice@laptop]'],
    )
    assert.equal(await logIn(), 'deploy')
    await threeWays(`ssh_authorized_key('deploy#alice@laptop', { ensure: 'absent' })`, [
      'ssh_authorized_key[deploy#alice@laptop]',
    ])
    await assert.rejects(logIn(), /Permission denied/)
    await example('ssh_authorized_key')
    assert.equal(await on('stat', '-c', '%a %U', '/root/.ssh', '/root/.ssh/authorized_keys'), '700 root\n600 root')
  })

  test('sshd takes options that it accepts, and keeps the old where it refuses', async () => {
    const { threeWays, converge, on } = machine()
    const effective = async (keyword: string) =>
      (await on('sshd', '-T')).split('\n').find((line) => line.startsWith(`${keyword} `))
    await on('sh', '-c', 'systemctl stop ssh.service; rm -rf /run/sshd')
    await threeWays(`${exampleOf('sshd')}\nservice('ssh', {})`, ['sshd[10-keys-only]', 'reload service[ssh]'])
    assert.equal(await effective('passwordauthentication'), 'passwordauthentication no')
    assert.equal(await effective('permitrootlogin'), 'permitrootlogin without-password')

    const [refused] = (await converge(`sshd('10-keys-only', { options: { LogLevel: 'LOUD' } })`)).events.map(told)
    assert.match(refused ?? '', /sshd refused the new options and the old ones stay\. .*LOUD/s)
    assert.equal(await effective('passwordauthentication'), 'passwordauthentication no')
    assert.equal(
      await on('sh', '-c', 'ls -A /etc/ssh/sshd_config.d /run/trivet-sshd_config || true'),
      '/etc/ssh/sshd_config.d:\n10-keys-only.conf',
    )

    const [late] = (await converge(`sshd('90-late', { options: { PasswordAuthentication: 'yes' } })`)).events.map(told)
    assert.match(late ?? '', /10-keys-only\.conf sets PasswordAuthentication before sshd\[90-late\]/)
    await threeWays(
      `sshd('10-keys-only', { options: { Port: [22, 2222] }, notifies: { restart: 'service[ssh]' } })
       service('ssh', { running: true })`,
      ['sshd[10-keys-only]', 'restart service[ssh]'],
    )
    assert.equal(await on('sh', '-c', 'ss -Hltn "sport = 2222" | wc -l'), '2')
    await threeWays(`sshd('10-keys-only', { ensure: 'absent' })`, ['sshd[10-keys-only]'])
  })

  test('a directory is filled from a folder, and rid of all that nobody manages', async () => {
    const { example, threeWays, on } = machine()
    await example('directory')
    const site = `directory('/srv/site', { content: context.folder('site'), mode: '0750', fileMode: '0640', purge: true })`
    await threeWays(site, ['directory[/srv/site]'])
    assert.equal(await on('cat', '/srv/site/css/site.css'), 'a {}')
    await on('sh', '-c', 'echo x > /srv/site/css/site.css; mkdir -p /srv/site/old/deep; touch /srv/site/index.html~')
    await threeWays(site, ['directory[/srv/site]'])
    assert.equal(await on('sh', '-c', 'cd /srv/site && find . -type f | sort'), './css/site.css\n./index.html')
    assert.equal(await on('stat', '-c', '%a', '/srv/site/css', '/srv/site/css/site.css'), '750\n640')

    await on('touch', '/etc/mesos-master/quorum~')
    const flags = `directory('/etc/mesos-master', { purge: true })
      file('/etc/mesos-master/quorum', { content: '2\\n' })
      line('/etc/mesos-master/zk#url', { line: 'zk://n1:2181/mesos' })`
    await threeWays(flags, [
      'directory[/etc/mesos-master]',
      'file[/etc/mesos-master/quorum]',
      'line[/etc/mesos-master/zk#url]',
    ])
    assert.equal(await on('ls', '-A', '/etc/mesos-master'), 'quorum\nzk')
  })

  test('a directory passes its owner on to all in it, through what it foresees', async () => {
    const { threeWays, on } = machine()
    await on(
      'sh',
      '-c',
      'mkdir -p /srv/data/in && touch /srv/data/in/file /srv/data/kept && ln -s /etc/passwd /srv/data/link',
    )
    await threeWays(
      `user('app', { system: true })
       directory('/srv/data', { owner: 'app', group: 'app', recurse: true })
       file('/srv/data/kept', { owner: 'root' })`,
      ['user[app]', 'directory[/srv/data]'],
    )
    const owners = await on('stat', '-c', '%U', '/srv/data', '/srv/data/in/file', '/srv/data/kept', '/etc/passwd')
    assert.equal(owners, 'app\napp\nroot\nroot')
  })

  test('a directory takes nothing with it that is only mounted in it, and follows no link to its content', async () => {
    const { threeWays, plan, converge, on } = machine()
    await on('sh', '-c', 'mkdir -p /srv/disk /srv/purged/stray/at; echo data > /srv/disk/file')
    await on('mount', '--bind', '/srv/disk', '/srv/purged/stray/at')
    const purged = `directory('/srv/purged', { purge: true })`
    assert.match(toldOnly(await plan(purged)), /Something is mounted at \/srv\/purged\/stray\/at/)
    assert.match(toldOnly(await converge(purged)), /Something is mounted at \/srv\/purged\/stray\/at/)
    assert.equal(await on('cat', '/srv/disk/file'), 'data')
    await on('umount', '/srv/purged/stray/at')
    await threeWays(purged, ['directory[/srv/purged]'])
    assert.equal(await on('cat', '/srv/disk/file'), 'data')

    await on('ln', '-s', '/srv/disk', '/srv/purged/css')
    const site = `directory('/srv/purged', { content: context.folder('site'), purge: true })`
    assert.match(toldOnly(await plan(site)), /\/srv\/purged\/css is a link, which is not followed/)
    assert.match(toldOnly(await converge(site)), /\/srv\/purged\/css is a link, which is not followed/)
    assert.equal(await on('ls', '/srv/disk'), 'file')
    await on('rm', '/srv/purged/css')
    await threeWays(site, ['directory[/srv/purged]'])
  })

  test('cron ran the job', async () => {
    const { on } = machine()
    await on('timeout', '90', 'sh', '-c', 'until test -s /run/cron-ran; do sleep 0.2; done')
    assert.equal(await on('cat', '/run/cron-ran'), 'ran 100 %')
  })

  function logIn() {
    const options = ['-o', 'BatchMode=yes', '-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null']
    return machine().on(
      'ssh',
      '-o',
      'LogLevel=ERROR',
      '-i',
      '/run/keys/id',
      ...options,
      '--',
      'deploy@127.0.0.1',
      'whoami',
    )
  }
})
