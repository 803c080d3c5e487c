import assert from 'node:assert/strict'
import { test } from 'node:test'
import { acceptance, exampleOf } from '../../helpers/acceptance.ts'

/** Stands in for ZooKeeper and for a web server that says how it is. */
const server = `
require('node:net').createServer((socket) => socket.end('Mode: leader\\n')).listen(2181)
require('node:http').createServer((_, response) => response.end('ok')).listen(8000)
`
const files = {
  'haproxy.cfg.njk':
    'defaults\n  timeout connect 5s\n  timeout client 5s\n  timeout server 5s\nlisten web\n  bind 127.0.0.1:8100\n{% for backend in backends %}  server s{{ loop.index }} {{ backend }}\n{% endfor %}',
  'web.service.njk':
    '[Unit]\nDescription=web on {{ port }}\n[Service]\nType=exec\nExecStart=/opt/node/bin/node /srv/web.js\n',
}

acceptance('files', { packages: ['haproxy'], files }, (machine) => {
  const on = (...argv: string[]) => machine().on(...argv)

  test('file, directory and link are made as planned, on what is only foreseen when they are planned', async () => {
    await machine().threeWays(
      `group('crew', {})
       user('web', { group: 'crew' })
       directory('/srv/made', { owner: 'web', group: 'crew', mode: '0750' })
       file('/srv/made/page', { content: 'hello\\n', owner: 'web', mode: '0640' })
       link('/srv/page', { target: 'made/page' })`,
      ['group[crew]', 'user[web]', 'directory[/srv/made]', 'file[/srv/made/page]', 'link[/srv/page]'],
    )
    assert.equal(await on('cat', '/srv/page'), 'hello')
  })

  test('group, user, link and exec: their examples', async () => {
    const { threeWays } = machine()
    await on('sh', '-c', 'useradd alice; useradd bob; groupadd --force ssl-cert; userdel web; mkdir /etc/web')
    await on('ln', '-sf', '/usr/share/zoneinfo/Europe/Lisbon', '/etc/localtime')
    await threeWays(exampleOf('group'), ['group[operators]'])
    assert.equal(await on('getent', 'group', 'operators'), 'operators:x:3000:alice,bob')
    await threeWays(exampleOf('user'), ['user[web]'])
    assert.equal(await on('stat', '-c', '%U', '/var/lib/web'), 'web')
    await threeWays(exampleOf('link'), ['link[/etc/localtime]'])
    const keytool = '#!/bin/sh\nwhile [ "$1" != -keystore ]; do shift; done; id -un > "$2"\n'
    await machine().node.write('/usr/local/bin/keytool', keytool, '0755')
    await on('chown', 'web', '/etc/web')
    await threeWays(exampleOf('exec'), ['exec[make the keystore]'])
    assert.equal(await on('cat', '/etc/web/keystore'), 'web')
  })

  test('file and service: their examples', async () => {
    const { threeWays } = machine()
    await on('systemctl', 'disable', '--now', 'haproxy')
    await threeWays(`${exampleOf('file')}\nservice('haproxy', {})`, [
      'file[/etc/haproxy/haproxy.cfg]',
      'reload service[haproxy]',
    ])
    await threeWays(exampleOf('service'), ['service[haproxy]', 'service[mesos-master]'])
    assert.equal(await on('systemctl', 'is-active', 'haproxy'), 'active')
    assert.equal(await on('stat', '-c', '%a %U:%G', '/etc/haproxy/haproxy.cfg'), '640 root:haproxy')
  })

  test('systemd_unit and probe: their examples, of what the unit runs', async () => {
    const { threeWays, node } = machine()
    await node.write('/srv/web.js', server)
    await threeWays(`${exampleOf('systemd_unit')}\nservice('web', { running: true })`, [
      'systemd_unit[web.service]',
      'service[web]',
    ])
    await threeWays(exampleOf('probe'), [])
    await on('systemctl', 'stop', 'web')
    const { run } = await machine().converge(`service('web', { running: true })\n${exampleOf('probe')}`)
    assert.equal(run.outcome, 'changed')
  })
})
